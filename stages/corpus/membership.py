"""Decide which clips are members: by a column of the manifest, or by a seeded draw of units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stages.core.config.nouns import Unit
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


@dataclass(frozen=True, order=True)
class UnitKey:
    """A unit of the draw: by the id of a clip, or by the value of a field that `kind` names."""

    name: str
    kind: str = ""

    def parts(self) -> tuple[str, ...]:
        """Return what the unit's random number is drawn from. For a clip this is its id alone."""
        return (self.kind, self.name) if self.kind else (self.name,)


def units_of(
    unit: Unit, clip_ids: Sequence[str], sounds: Sequence[bytes], values: Sequence[str | None]
) -> list[UnitKey]:
    """Return the unit of each clip.

    A sound is drawn by the smallest id of its clips. So the draw of a corpus without repeated sounds is that of its
    clips, whatever their order.

    Parameters
    ----------
    unit : str
        `corpora.X.unit`.
    clip_ids : sequence of str
        Distinct ids.
    sounds : sequence of bytes
        Hash of each clip's audio.
    values : sequence of str or None
        Text, speaker or session of each clip, if `unit` says so. A clip without one is a unit of its own.
    """
    if unit == "clip":
        return [UnitKey(clip_id) for clip_id in clip_ids]
    if unit == "sound":
        first: dict[bytes, str] = {}
        for clip_id, sound in zip(clip_ids, sounds, strict=True):
            first[sound] = min(clip_id, first.get(sound, clip_id))
        return [UnitKey(first[sound]) for sound in sounds]
    return [
        UnitKey(clip_id) if value is None else UnitKey(value, unit)
        for clip_id, value in zip(clip_ids, values, strict=True)
    ]


def random_half(units: Sequence[UnitKey], corpus: str, seed: int) -> set[UnitKey]:
    """Draw the units whose clips are members, about half of all clips.

    Every unit has its own random number, which does not depend on order, speaker or the other units. Units are put in
    the order of these numbers. A unit is a member if its middle clip lies in the first half of all clips in that order.
    With one clip in each unit, exactly ``len(units) // 2`` are members. With larger units the sides differ by at most
    the size of the one unit that the middle falls into.

    Without training, every order is as likely as any other. So a randomisation test repeats this rule with other
    numbers, and is exact for units of any size.

    A clip that is added changes the membership of at most one unit, besides its own. The exception is a clip with the
    smallest id of its sound: its sound is then drawn anew.

    Parameters
    ----------
    units : sequence of UnitKey
        The unit of each clip.
    corpus : str
        The corpus's name; each corpus has its own draw.
    seed : int
        The seed of `params.yaml`.
    """
    sizes = Counter(units)
    ordered = sorted(sizes, key=lambda key: (seed_of(seed, "random_half", corpus, *key.parts()), key))
    members: set[UnitKey] = set()
    before = 0
    for key in ordered:
        if 2 * before + sizes[key] >= len(units):
            break
        members.add(key)
        before += sizes[key]
    return members
