"""What a container's bytes hold, as far as its structure tells without decoding."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

from stages.core.errors import EarwitnessError

View = bytes | mmap.mmap
"""The bytes of a sound file: in memory, or mapped from the disk."""

SLACK = 0.02
"""Seconds that may be missing at an end: less than a phone, and than the frame of most codecs."""


class Undecodable(EarwitnessError):
    """The sound of a recording cannot be had whole.

    Attributes
    ----------
    reason : str
        A phrase for people, which is true of the file.
    broken : bool
        Whether the file is at fault; False for a segment, a channel or a limit that does not fit a sound file.
    """

    def __init__(self, reason: str, *, broken: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.broken = broken


@dataclass(frozen=True)
class Stream:
    """A stretch of sound that libsndfile decodes from beginning to end.

    Attributes
    ----------
    data : bytes or None
        A file of its own: a part of the container's bytes, or these with a corrected header. None for the container as
        it is.
    seconds : float or None
        What decoding must give, counted in the container's own frames or pages; None where libsndfile's count is sure.
    slack : float
        By how many seconds the two may differ: one frame of the codec.
    joined : bool
        Whether `data` follows the end of another file, and its structure is not read yet.
    """

    data: bytes | None = None
    seconds: float | None = None
    slack: float = SLACK
    joined: bool = False


AS_IT_IS = [Stream()]
"""A container with one stream whose header libsndfile may believe."""


def check_cut(present: float, stated: float, slack: float = SLACK) -> None:
    """Refuse a sound of which less is there than its header states; both in seconds.

    Raises
    ------
    Undecodable
    """
    if present < stated - slack:
        raise Undecodable(f"ends before its header says ({present:.3f} s of {stated:.3f} s)")


def is_padding(view: View, start: int) -> bool:
    """Return whether the bytes from `start` on are no sound: none, zeros, or a tag of a music library."""
    rest = view[start : start + 4096]
    if rest[:3] in (b"TAG", b"ID3") or rest[:8] in (b"APETAGEX", b"LYRICSBE"):
        return True
    return not any(rest) and not any(view[start:])
