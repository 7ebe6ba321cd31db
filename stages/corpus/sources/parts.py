"""The parts (splits) of a data set by the names of its files, as the Hub's and lhotse's data sets are named."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError

SPLITS = frozenset("train training test testing valid validation val dev eval evaluation".split())  # noqa: SIM905
_OF_SHARDS = re.compile(r"[-_.]\d+-of-\d+([-_.][0-9a-f]+)?$")
_NUMBER = re.compile(r"[-_.]?\d{4,}$")
_PASSED_OVER = frozenset({"data", "default"})
_NAMED_AT_MOST = 20


def part_of_table(path: str) -> str:
    """Return the part of a file: its folders and its name without the number of the shard.

    ``data/train-00000-of-00002.parquet`` is of `train`, ``en/test/0000.parquet`` of `en/test`; blank for a file that is
    named by a number alone.
    """
    folders = [name for name in posixpath.dirname(path).split("/") if name and name not in _PASSED_OVER]
    stem = posixpath.splitext(posixpath.basename(path))[0]
    found = _OF_SHARDS.sub("", stem)
    name = found if found != stem else _NUMBER.sub("", stem)
    if name.isdigit() or name == "data" or (folders and folders[-1] == name):
        name = ""
    return "/".join([*folders, *([name] if name else [])])


def paths_of_part(
    paths: Iterable[str],
    wanted: str,
    folder: str,
    part_of: Callable[[str], str] = part_of_table,
    *,
    may_be_shards: bool = True,
) -> dict[str, str]:
    """Choose the files of the part that `corpora.X.part` names.

    Parameters
    ----------
    paths : iterable of str
    wanted : str
        A part, its last name where no other part has it, a pattern (``*`` is every part), or `none`.
    folder : str
        For messages.
    part_of : callable
        From a path to its part.
    may_be_shards : bool
        Whether files whose names tell no splits (see `SPLITS`) are one part.

    Returns
    -------
    dict of str to str
        The part of each chosen path, in order of the paths; blank if the names tell none.

    Raises
    ------
    EarwitnessError
        If there are several parts and none is named, or none has the name.
    """
    parts = {path: part_of(path) for path in sorted(paths)}
    names = sorted(set(parts.values()))
    are_splits = any(SPLITS & set(re.split(r"[^a-z]+", name.lower())) for name in names)
    if may_be_shards and not are_splits and wanted in (NONE, "*"):
        return dict.fromkeys(parts, "")
    if wanted == NONE:
        if len(names) > 1:
            raise EarwitnessError(f"{folder}: has the parts {_listed(names)}: name one as the corpus's key 'part'")
        return parts
    chosen = [name for name in names if fnmatchcase(name, wanted)] or [
        name for name in names if posixpath.basename(name) == wanted
    ]
    if not chosen or (len(chosen) > 1 and posixpath.basename(chosen[0]) == wanted):
        what = "several parts end in" if chosen else "has no part"
        raise EarwitnessError(f"{folder}: {what} {wanted!r} (there is {_listed(names)}): correct the key 'part'")
    return {path: name for path, name in parts.items() if name in chosen}


def _listed(names: list[str]) -> str:
    shown = ", ".join(name or "(files without a name)" for name in names[:_NAMED_AT_MOST])
    more = len(names) - _NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown
