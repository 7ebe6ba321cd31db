"""Fragments of params: sections that `docs/` offers ready-made, such as the full grid of backdoors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from flows.preflight import check_params
from flows.shipped import shipped
from stages.core.config.yamlfile import read_yaml
from stages.core.errors import EarwitnessError
from stages.core.store.atomic import replacing

LINE = 4096
"""Characters after which a line would be broken: none is, so that a change shows in `git diff` alone."""


class _WithNull(RoundTripRepresenter):
    """Writes `null` as it is read, not as nothing."""

    def represent_none(self, data: None) -> ScalarNode:
        """Return the word."""
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_WithNull.add_representer(type(None), _WithNull.represent_none)


def add_fragment(fragment: Path, path: Path = Path("params.yaml")) -> list[str]:
    """Merge a fragment into the params, which keep their comments and their order.

    Parameters
    ----------
    fragment : Path
        A YAML file with sections of `params.yaml`, or parts of them. The tool's own (``docs/backdoors.yaml``) need not
        lie in the project.
    path : Path

    Returns
    -------
    list of str
        The keys that were added, dotted; empty where all of them were there already.

    Raises
    ------
    EarwitnessError
        If a file cannot be read, a value of the params would change, or the merged params are not valid. The params
        are then as they were.
    """
    check_params(path)
    document = YAML()
    document.Representer = _WithNull
    document.preserve_quotes = True
    document.width = LINE
    document.indent(mapping=2, sequence=4, offset=2)  # as params.yaml is written
    merged = document.load(path.read_text(encoding="utf-8"))
    sections = read_yaml(_found(fragment))
    if not isinstance(sections, Mapping):
        raise EarwitnessError(f"{fragment}: holds no sections of params.yaml: write them as keys")
    added = list(_merge(merged, sections, (), path))
    text = StringIO()
    document.dump(merged, text)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
        try:
            check_params(temporary)
        except EarwitnessError as error:
            problem = str(error).removeprefix(f"{temporary}: ")
            raise EarwitnessError(f"{fragment}: does not fit {path}: {problem}") from error
    return added


def _found(fragment: Path) -> Path:
    """Return a fragment's file: where it was named, else, as ``docs/backdoors.yaml``, among the tool's own."""
    if fragment.exists():
        return fragment
    own = shipped() / fragment
    return own if own.is_file() else fragment


def _merge(into: CommentedMap, what: Mapping[str, Any], above: tuple[str, ...], path: Path) -> Iterator[str]:
    for key, value in what.items():
        place = (*above, str(key))
        if key not in into:
            into[key] = _inline(value)
            yield ".".join(place)
        elif isinstance(value, Mapping) and isinstance(into[key], CommentedMap):
            yield from _merge(into[key], value, place, path)
        elif into[key] != value:
            raise EarwitnessError(
                f"{path}: {'.'.join(place)}: is {into[key]!r}, the fragment has {value!r}: change one"
            )


def _inline(value: Any) -> Any:
    """Return a value of its own, so that nothing is written as an alias; a mapping on one line, as in `params.yaml`."""
    if not isinstance(value, Mapping):
        return deepcopy(value)
    line = CommentedMap({key: _inline(item) for key, item in value.items()})
    line.fa.set_flow_style()
    return line
