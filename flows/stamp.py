"""The first line of a project's `dvc.yaml`: the version that wrote the file, and a hash that shows later edits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

_LINE = re.compile(r"# earwitness (\S+) wrote this file \(([0-9a-f]{16})\)")


@dataclass(frozen=True)
class Stamp:
    """What the first line says about the file.

    Attributes
    ----------
    version : str
        Version of the tool that wrote the file.
    content : str
        The file without its first line.
    edited : bool
        Whether `content` has changed since the tool wrote it.
    """

    version: str
    content: str
    edited: bool


def stamped(content: str, version: str) -> str:
    """Return a graph with the tool's first line above it."""
    return (
        f"# earwitness {version} wrote this file ({_hash(content)}): configure in params.yaml, not here; "
        f"`earwitness init --upgrade` renews it.\n{content}"
    )


def read_stamp(text: str) -> Stamp | None:
    """Return what the first line of a `dvc.yaml` says; None if `stamped` did not write that line."""
    first, _, content = text.partition("\n")
    if not (found := _LINE.match(first)):
        return None
    return Stamp(found[1], content, _hash(content) != found[2])


def _hash(content: str) -> str:
    return blake2b(content.encode(), digest_size=8).hexdigest()
