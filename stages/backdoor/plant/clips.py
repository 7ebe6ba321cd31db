"""The clips of an experiment, and which of them are held out for the test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.backdoor.plant.trigger import active_power
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import generator
from stages.core.sound.audio import Samples
from stages.core.sound.clips import ClipSounds
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_groups

COLUMNS = ["clip_id", "audio_hash", "text", "speaker", "attributes"]
"""Columns of ``clips.parquet`` that a clip is made of, besides its sound."""


@dataclass(frozen=True)
class BackdoorClip:
    """A clip with what an experiment needs of it.

    Attributes
    ----------
    clip_id : str
    samples : float32[n]
        16 kHz mono.
    audio_hash : str
    text : str
    speaker : str
        Empty where unknown.
    attributes : mapping of str to str
    """

    clip_id: str
    samples: Samples
    audio_hash: str
    text: str
    speaker: str
    attributes: Mapping[str, str]


def read_clip(row: Mapping[str, Any], sounds: ClipSounds) -> BackdoorClip:
    """Return a clip with its sound.

    Parameters
    ----------
    row : mapping
        Of ``clips.parquet``, with at least `COLUMNS`.
    sounds : ClipSounds
        Of the clip's corpus.
    """
    return BackdoorClip(
        row["clip_id"],
        sounds[row["clip_id"]],
        row["audio_hash"],
        row["text"] or "",
        row["speaker"] or "",
        dict(row["attributes"] or []),
    )


def read_clips(corpus: str, root: Path = Path()) -> Iterator[BackdoorClip]:
    """Yield the clips of a corpus, in the order of their ids; `root` is as in `corpus_clips`."""
    sounds = ClipSounds(corpus, root)
    for group in read_groups(root / artifact("corpus", corpus, "clips.parquet"), COLUMNS):
        yield from (read_clip(row, sounds) for row in group.to_pylist())


def corpus_clips(corpora: Sequence[str], root: Path = Path()) -> list[BackdoorClip]:
    """Return the clips of some corpora, one corpus after the other.

    Parameters
    ----------
    corpora : sequence of str
        By name; `none` stands for none.
    root : Path
        Of the folder that holds ``data/corpus``.

    Raises
    ------
    EarwitnessError
        If two corpora share a clip's id, which identifies draws, poison and outcomes.
    """
    clips: list[BackdoorClip] = []
    owners: dict[str, str] = {}
    for corpus in corpora:
        if corpus == NONE:
            continue
        for clip in read_clips(corpus, root):
            owner = owners.setdefault(clip.clip_id, corpus)
            if owner != corpus:
                raise EarwitnessError(
                    f"corpora {owner!r} and {corpus!r} both have a clip {clip.clip_id!r}: "
                    "give their manifests ids that differ, or train on one of them"
                )
            clips.append(clip)
    return clips


def audible(clips: Iterable[BackdoorClip]) -> list[BackdoorClip]:
    """Return the clips that are not silent. No trigger can be added to a silent clip at a ratio."""
    return [clip for clip in clips if active_power(clip.samples)]


def drawn_clips(clips: Sequence[BackdoorClip], count: int, seed: int, purpose: str) -> list[BackdoorClip]:
    """Return at most `count` clips, drawn by their ids, in the order given.

    Parameters
    ----------
    clips : sequence of BackdoorClip
    count : int
    seed : int
    purpose : str
        Another purpose draws other clips. One additional clip replaces at most one.
    """
    drawn = sorted(clips, key=lambda clip: generator(seed, "backdoor", purpose, clip.clip_id).random())[:count]
    chosen = {clip.clip_id for clip in drawn}
    return [clip for clip in clips if clip.clip_id in chosen]


def split_clips(
    clips: Sequence[BackdoorClip], share: float, held_out: str, seed: int
) -> tuple[list[BackdoorClip], list[BackdoorClip]]:
    """Divide clips into training and test.

    Parameters
    ----------
    clips : sequence of BackdoorClip
    share : float
        Share of the clips, or of the speakers, for the test, in (0, 1); rounded, at least one.
    held_out : str
        ``speaker``: nobody is on both sides (a clip without a speaker counts as one of its own); or ``clip``.
    seed : int

    Returns
    -------
    training, test : list of BackdoorClip
        In the order given.
    """
    units = {clip.clip_id: clip.speaker if held_out == "speaker" and clip.speaker else clip.clip_id for clip in clips}
    # Each has its own draw, so that one additional clip moves at most one other clip to the other side.
    ranked = sorted(set(units.values()), key=lambda unit: generator(seed, "backdoor", "test", unit).random())
    tested = set(ranked[: max(1, round(share * len(ranked)))])
    return (
        [clip for clip in clips if units[clip.clip_id] not in tested],
        [clip for clip in clips if units[clip.clip_id] in tested],
    )
