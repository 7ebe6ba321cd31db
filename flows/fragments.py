"""Merge a fragment into `params.yaml`: a YAML file with ready-made sections, such as the full grid of backdoors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from flows.preflight import check_params
from flows.shipped import shipped
from stages.core.config.params import PARAMS
from stages.core.config.yamlfile import read_yaml
from stages.core.errors import EarwitnessError
from stages.core.store.atomic import replacing

LINE = 4096
"""Width at which ruamel.yaml breaks a line. No line is so long, so `git diff` shows only what was added."""

PLAIN = re.compile(r"[A-Za-z0-9_][\w ./@+-]*")
"""Text that needs no quotes in any style of YAML. DVC drops quotes when it rewrites the params (`dvc exp run -S`).
Within braces, any other text would then be read as something else, or could not be read."""


Sections: TypeAlias = Mapping[str, Any]
"""Sections of `params.yaml`, or parts of them, as YAML gives them."""


class _WithNull(RoundTripRepresenter):
    """Writes None as the word `null`; ruamel.yaml's default is an empty value."""

    def represent_none(self, data: None) -> ScalarNode:
        """Return the word `null`."""
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_WithNull.add_representer(type(None), _WithNull.represent_none)


def add_fragment(fragment: Path, path: Path = PARAMS) -> list[str]:
    """Merge a fragment into the params. The params keep their comments and their order.

    Parameters
    ----------
    fragment : Path
        A YAML file with sections of `params.yaml`, or parts of them. If it does not exist, it is looked for among the
        tool's own files (``docs/backdoors.yaml``).
    path : Path

    Returns
    -------
    list of str
        The keys that were added, dotted; empty if the params had all of them already.

    Raises
    ------
    EarwitnessError
        If a file cannot be read, a value of the params would change, or the merged params are not valid. The params
        are not changed then.
    """
    sections = read_yaml(_found(fragment))
    if not isinstance(sections, Mapping):
        raise EarwitnessError(f"{fragment}: holds no sections of params.yaml: write them as keys at the top level")
    return add_sections(sections, str(fragment), path)


def add_sections(sections: Sections, origin: str, path: Path = PARAMS) -> list[str]:
    """Merge sections into the params, as `add_fragment` does; `origin` says in errors where they come from."""
    check_params(path)
    document = params_document()
    merged = document.load(path.read_text(encoding="utf-8"))
    added = list(_merge(merged, sections, (), path))
    write_params(document, merged, origin, path)
    return added


def params_document() -> YAML:
    """Return a reader and writer of `params.yaml` that keeps comments, order, quotes and lines."""
    document = YAML()
    document.Representer = _WithNull
    document.preserve_quotes = True
    document.width = LINE
    document.indent(mapping=2, sequence=4, offset=2)  # the indentation of params.yaml
    return document


def write_params(document: YAML, content: CommentedMap, origin: str, path: Path) -> None:
    """Write the params, unless they are not valid; then the file stays as it is.

    Raises
    ------
    EarwitnessError
        If they are not valid. The message begins with `origin`.
    """
    text = StringIO()
    document.dump(content, text)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
        try:
            check_params(temporary)
        except EarwitnessError as error:
            problem = str(error).removeprefix(f"{temporary}: ").removeprefix(f"{PARAMS}: ")
            raise EarwitnessError(f"{origin}: does not fit {path}: {problem}") from error


def _found(fragment: Path) -> Path:
    """Return the path of a fragment: as given if the file exists, else below the folder of the tool's own files."""
    if fragment.exists():
        return fragment
    own = shipped() / fragment
    return own if own.is_file() else fragment


def _merge(into: CommentedMap, what: Mapping[str, Any], above: tuple[str, ...], path: Path) -> Iterator[str]:
    if not _fits_in_braces(what):
        into.fa.set_block_style()
    for key, value in what.items():
        place = (*above, str(key))
        if key not in into:
            into[key] = _inline(value)
            yield ".".join(place)
        elif isinstance(value, Mapping) and isinstance(into[key], CommentedMap):
            yield from _merge(into[key], value, place, path)
        elif into[key] != value:
            raise EarwitnessError(
                f"{path}: {'.'.join(place)}: is {into[key]!r}, but the fragment has {value!r}: make them equal"
            )


def _inline(value: Any) -> Any:
    """Return a copy, so that YAML writes no alias. A mapping goes on one line if its text needs no quotes there."""
    if not isinstance(value, Mapping):
        return deepcopy(value)
    line = CommentedMap({key: _inline(item) for key, item in value.items()})
    if _fits_in_braces(value):
        line.fa.set_flow_style()
    return line


def _fits_in_braces(value: Any) -> bool:
    """Return whether no text in a value, keys included, needs quotes."""
    if isinstance(value, Mapping):
        return all(_fits_in_braces(part) for item in value.items() for part in item)
    if isinstance(value, list):
        return all(_fits_in_braces(item) for item in value)
    return not isinstance(value, str) or PLAIN.fullmatch(value) is not None
