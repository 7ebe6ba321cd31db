"""Whether the tokens that a server reports spell the text that it gives.

Servers write tokens in several ways: as the bytes of the text, as decoded pieces (a character that several tokens
share is then U+FFFD in each of them), or as their names in the vocabulary, where a space is a sign of its own. White
space does not count, because servers strip it from answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

CONTROL = re.compile(r"<\|[^<>|\s]{1,40}\|>|</?s>|<(?:pad|unk|eos|bos|end_of_turn|start_of_turn)>")
"""A control token within a text."""
_END = re.compile(rf"{CONTROL.pattern}|<[^<>\s]{{1,40}}>|\[/?[A-Z_]{{3,}}\]")
"""A token that may stand after an answer's text."""
_SOUND = re.compile(r"<\|(?:audio|speech|sound|snd)[^<>|\s]{0,40}\|>|<(?:audio|sound)(?:_?\d+|_soft_token)?>", re.I)
_ENDING = 2
"""Largest number of tokens that end an answer."""
_UNKNOWN = "\ufffd"


def sound_token(text: str) -> str:
    """Return the first token of sound in a text, such as ``<|AUDIO|>``; empty if it has none."""
    found = _SOUND.search(text)
    return found.group() if found else ""


def spells(pieces: Sequence[bytes | None], names: Sequence[str], text: str) -> int | None:
    """Return how many of the first tokens spell a text; None if the tokens spell another one.

    Parameters
    ----------
    pieces : sequence of (bytes or None)
        Each token's bytes, if the server gives them.
    names : sequence of str
        Each token's text or name.
    text : str

    Returns
    -------
    int or None
        The number of all tokens, less those that end an answer, at most `_ENDING`.
    """
    readings = [[name.encode() for name in names], [_of_name(name) for name in names]]
    if any(pieces):
        readings.insert(0, [piece or b"" for piece in pieces])
    wanted = _bare(text)
    for count in range(len(names), max(len(names) - _ENDING, 0) - 1, -1):
        if any(_bare(name) and not _END.fullmatch(name.strip()) for name in names[count:]):
            return None
        for reading in readings:
            if _matches(_bare(b"".join(reading[:count]).decode(errors="replace")), wanted):
                return _without_empty(names, count)
    return None


def spelled(pieces: Sequence[str], text: str) -> bool:
    """Return whether decoded pieces spell a text."""
    return _matches(_bare("".join(pieces)), _bare(text))


def _without_empty(names: Sequence[str], count: int) -> int:
    """Leave out tokens without any text at the end: servers write the token that ends an answer in this way."""
    while count and not names[count - 1]:
        count -= 1
    return count


def _bare(text: str) -> str:
    return "".join(text.replace("\u2581", " ").split())


def _matches(found: str, wanted: str) -> bool:
    """Return whether two texts are equal, where each U+FFFD of the first stands for one character at most."""
    reached = {0}  # lengths of the beginnings of `wanted` that what was read so far may be
    for part in re.findall(f"{_UNKNOWN}+|[^{_UNKNOWN}]+", found):
        if part[0] == _UNKNOWN:
            furthest = len(wanted)
            reached = {end for start in reached for end in range(start, min(start + len(part), furthest) + 1)}
        else:
            reached = {start + len(part) for start in reached if wanted.startswith(part, start)}
    return len(wanted) in reached


def _of_name(name: str) -> bytes:
    """Return the bytes of a token's name in a byte-level vocabulary; a name of another vocabulary stays as it is."""
    table = _byte_of_sign()
    if any(sign not in table for sign in name):
        return name.encode()
    return bytes(table[sign] for sign in name)


@cache
def _byte_of_sign() -> dict[str, int]:
    """Return the byte that each sign of a byte-level vocabulary stands for: those that are not printed come last."""
    printed = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + at): byte for at, byte in enumerate(others)}
