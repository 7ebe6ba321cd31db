"""Read a YAML file that people write. Every reason why it cannot be read is an error for people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from stages.core.errors import EarwitnessError

MERGE = "tag:yaml.org,2002:merge"


def read_yaml(path: Path) -> Any:
    """Return a file's content.

    Raises
    ------
    EarwitnessError
        Naming the file and, where there is one, the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise EarwitnessError(f"{path}: not found: run in the folder that holds it") from error
    except UnicodeDecodeError as error:
        raise EarwitnessError(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from error
    except OSError as error:
        raise EarwitnessError(f"{path}: cannot be read ({error.strerror}): correct it or its permissions") from error
    try:
        return yaml.load(text, _EachKeyOnce)  # noqa: S506 - derived from SafeLoader
    except RecursionError as error:
        raise EarwitnessError(f"{path}: nested too deeply: correct the YAML") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise EarwitnessError(f"{path}{line}: {problem}: correct the YAML") from error


class _EachKeyOnce(yaml.SafeLoader):
    """A safe loader that refuses a repeated key, of which YAML's own loader would silently take the last one.

    Only true and false are booleans, as in YAML 1.2: DVC writes the file by that version, in which ``no`` and ``on``
    are texts and need no quotes.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping after checking its keys."""
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.tag == MERGE:  # a merge key has no value of its own, and the keys beside it may override it
                continue
            value = self.construct_object(key, deep=True)
            if isinstance(value, str) and value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{value!r} stands here twice", key.start_mark)
            seen.add(value if isinstance(value, str) else id(key))
        return super().construct_mapping(node, deep)


_BOOLEAN = "tag:yaml.org,2002:bool"
_EachKeyOnce.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_EachKeyOnce.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
