"""Which clips are members: as a column says, or by a seeded draw."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of

_VALUES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}


def parse_member(value: str, place: str) -> bool | None:
    """Read a cell of the column `member`; blank means that nobody knows.

    Raises
    ------
    EarwitnessError
        For anything but true, false, 1, 0, yes, no (in any case) and blank.
    """
    word = value.strip().lower()
    # A column of numbers with gaps comes out of many programs as 1.0 and 0.0.
    word = word.removesuffix(".0")
    if word not in _VALUES:
        raise EarwitnessError(f"{place}: column 'member': {value!r} is no membership: write true, false or leave blank")
    return _VALUES[word]


def random_half(clip_ids: Sequence[str], corpus: str, seed: int) -> set[str]:
    """Draw ``len(clip_ids) // 2`` members.

    Every clip has a draw of its own, whatever the order and the speaker; the lower half are members. So a clip that
    is added moves at most one other across the line.

    Parameters
    ----------
    clip_ids : sequence of str
        Distinct.
    corpus : str
        Corpora are drawn independently of each other.
    seed : int
        Of `params.yaml`.
    """
    drawn = sorted(clip_ids, key=lambda clip_id: (seed_of(seed, "random_half", corpus, clip_id), clip_id))
    return set(drawn[: len(drawn) // 2])
