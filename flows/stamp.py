"""The first line of a project's `dvc.yaml`: the version that wrote it, and whether it is still as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

_LINE = re.compile(r"# earwitness (\S+) wrote this file \(([0-9a-f]{16})\)")


@dataclass(frozen=True)
class Stamp:
    """What the first line says of the rest.

    Attributes
    ----------
    version : str
        Of the tool that wrote the file.
    content : str
        Everything below the line.
    edited : bool
        Whether that is no longer what was written.
    """

    version: str
    content: str
    edited: bool


def stamped(content: str, version: str) -> str:
    """Return a graph with its first line."""
    return (
        f"# earwitness {version} wrote this file ({_hash(content)}): configure in params.yaml, not here; "
        f"`earwitness init --upgrade` renews it.\n{content}"
    )


def read_stamp(text: str) -> Stamp | None:
    """Return what the first line of a `dvc.yaml` says; None where it is not one of `stamped`."""
    first, _, content = text.partition("\n")
    if not (found := _LINE.match(first)):
        return None
    return Stamp(found[1], content, _hash(content) != found[2])


def _hash(content: str) -> str:
    return blake2b(content.encode(), digest_size=8).hexdigest()
