"""Decide which clips are members: by a column of the manifest, or by a seeded draw."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of

_VALUES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}


def parse_member(value: str, place: str) -> bool | None:
    """Read a cell of the column `member`; blank means unknown.

    Raises
    ------
    EarwitnessError
        For any text other than true, false, 1, 0, yes, no (in upper or lower case) or blank.
    """
    word = value.strip().lower()
    # Many programs write a column of whole numbers with gaps as 1.0 and 0.0.
    word = word.removesuffix(".0")
    if word not in _VALUES:
        raise EarwitnessError(f"{place}: column 'member': {value!r} is not valid: write true, false or leave it blank")
    return _VALUES[word]


def random_half(clip_ids: Sequence[str], corpus: str, seed: int) -> set[str]:
    """Draw ``len(clip_ids) // 2`` members.

    Every clip has its own random number, which does not depend on order or speaker. The lower half are members. So an
    added clip changes the membership of at most one other clip.

    Parameters
    ----------
    clip_ids : sequence of str
        Distinct ids.
    corpus : str
        The corpus's name; each corpus has its own draw.
    seed : int
        The seed of `params.yaml`.
    """
    drawn = sorted(clip_ids, key=lambda clip_id: (seed_of(seed, "random_half", corpus, clip_id), clip_id))
    return set(drawn[: len(drawn) // 2])
