"""What members and non-members have in common: equal sounds, texts, speakers and sessions on both sides."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from stages.core.config.nouns import Corpus, Unit
from stages.core.errors import EarwitnessError
from stages.core.results.corpus import BothSides, HalfDrawn
from stages.core.store.jsonfile import artifact
from stages.corpus.membership import random_half, units_of

Labels = Sequence[bool | None]

_BOTH = 0b11


@dataclass
class ClipFacts:
    """What the checks across clips need, in the order of ``clips.parquet``.

    Texts are kept as hashes, so that memory does not grow with the length of transcripts.

    Attributes
    ----------
    clip_ids : list of str
    sounds : list of bytes
        Hash of each clip's audio.
    texts : list of bytes or None
        Hash of each normalised transcript; None if it has no word.
    blank : list of bool
        Whether the transcript is blank.
    speakers, sessions : list of str or None
    members : list of bool or None
        As listed.
    seconds : float
        Of all clips.
    """

    clip_ids: list[str] = field(default_factory=list)
    sounds: list[bytes] = field(default_factory=list)
    texts: list[bytes | None] = field(default_factory=list)
    blank: list[bool] = field(default_factory=list)
    speakers: list[str | None] = field(default_factory=list)
    sessions: list[str | None] = field(default_factory=list)
    members: list[bool | None] = field(default_factory=list)
    seconds: float = 0.0

    def add(
        self,
        clip_id: str,
        *,
        audio_hash: str,
        seconds: float,
        text: str,
        speaker: str | None,
        session: str | None,
        member: bool | None,
    ) -> None:
        """Add one clip."""
        self.clip_ids.append(clip_id)
        self.sounds.append(bytes.fromhex(audio_hash))
        self.texts.append(text_key(text))
        self.blank.append(not text.strip())
        self.speakers.append(speaker)
        self.sessions.append(session)
        self.members.append(member)
        self.seconds += seconds


def text_key(text: str) -> bytes | None:
    """Return a hash of a transcript without case, punctuation and spacing; None if no word is left."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    spaced = "".join(letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in folded)
    words = " ".join(spaced.split())
    return blake2b(words.encode(), digest_size=8).digest() if words else None


def draw(facts: ClipFacts, unit: Unit, corpus: str, seed: int) -> tuple[list[bool | None], HalfDrawn]:
    """Draw the members of ``member: random_half``.

    Returns
    -------
    list of bool, HalfDrawn
        Membership of each clip, and how it was drawn.

    Raises
    ------
    EarwitnessError
        If all clips belong to one text, speaker or session.
    """
    values: dict[str, Sequence[str | None]] = {
        "text": [key.hex() if key else None for key in facts.texts],
        "speaker": facts.speakers,
        "session": facts.sessions,
    }
    fields = values.get(unit, [])
    units = units_of(unit, facts.clip_ids, facts.sounds, fields)
    distinct = set(units)
    if unit in values and len(distinct) < 2:
        raise EarwitnessError(
            f"params.yaml: corpora.{corpus}.unit: all clips have one {unit}, so no half can be drawn: "
            "set it to sound, or add recordings"
        )
    members = random_half(units, corpus, seed)
    drawn = HalfDrawn(
        unit=unit,
        seed=seed,
        units=len(distinct),
        member_units=len(members),
        alone=sum(value is None for value in fields),
    )
    return [key in members for key in units], drawn


def both_sides(facts: ClipFacts, members: Labels) -> BothSides:
    """Count what members and non-members have in common."""
    sounds, texts = _on_both(facts.sounds, members), _on_both(facts.texts, members)
    labelled = [row for row, member in enumerate(members) if member is not None]
    return BothSides(
        sounds=len(sounds),
        clips=sum(facts.sounds[row] in sounds for row in labelled),
        texts=len(texts),
        text_clips=sum(facts.texts[row] in texts for row in labelled),
        speakers=len(_on_both(facts.speakers, members)),
        sessions=len(_on_both(facts.sessions, members)),
    )


def believed(facts: ClipFacts, members: Labels) -> list[bool | None]:
    """Return membership with None for every clip whose sound is on both sides.

    One of the two labels of such a sound is wrong, and nothing says which. A clip without a label becomes None too,
    as before.
    """
    contradicting = _on_both(facts.sounds, members)
    return [None if sound in contradicting else member for sound, member in zip(facts.sounds, members, strict=True)]


def contradicting_clips(facts: ClipFacts, members: Labels) -> list[list[str]]:
    """Return the ids of the labelled clips of each sound that is on both sides."""
    both = _on_both(facts.sounds, members)
    found: dict[bytes, list[str]] = {sound: [] for sound in facts.sounds if sound in both}
    for clip_id, sound, member in zip(facts.clip_ids, facts.sounds, members, strict=True):
        if sound in found and member is not None:
            found[sound].append(clip_id)
    return list(found.values())


def refuse_contradiction(name: str, corpus: Corpus, found: BothSides, labelled: int, example: Sequence[str]) -> None:
    """Refuse a corpus if most of its labelled clips have a sound that is on both sides.

    Then the labels as a whole say nothing: what is left over has them from the same list.

    Parameters
    ----------
    name : str
    corpus : Corpus
    found : BothSides
    labelled : int
        Number of clips whose membership is stated.
    example : sequence of str
        Ids of clips with one such sound.

    Raises
    ------
    EarwitnessError
        The message names two of them.
    """
    if 2 * found.clips <= labelled:
        return
    remedy = (
        "set unit to sound"
        if corpus.member == "random_half"
        else "list each recording on one side, or set member to none, which is enough for leakage"
    )
    raise EarwitnessError(
        f"{artifact('raw', name)}: {found.sounds} recordings are on both sides ({found.clips} of {labelled} labelled "
        f"clips, such as {example[0]!r} and {example[1]!r}), so membership contradicts itself: {remedy} "
        f"(params.yaml: corpora.{name})"
    )


def repeated(sounds: Iterable[bytes]) -> int:
    """Return the number of distinct sounds that occur more than once."""
    return sum(count > 1 for count in Counter(sounds).values())


def _on_both(values: Sequence[Hashable | None], members: Labels) -> set[Hashable]:
    """Return the values that members and non-members have; None is no value."""
    sides: dict[Hashable, int] = defaultdict(int)
    for value, member in zip(values, members, strict=True):
        if value is not None and member is not None:
            sides[value] |= 1 << member
    return {value for value, found in sides.items() if found == _BOTH}
