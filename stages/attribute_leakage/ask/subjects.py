"""Read from a corpus what can be asked: its clips with their speakers and labels, and the options of each attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stages.attribute_leakage.params import Attribute
from stages.core.errors import EarwitnessError
from stages.core.inference.folds import speaker_clusters
from stages.core.inference.statistics import Ints

MOST_OPTIONS = 24
"""A column with more distinct values holds names, dates or numbers, not options."""


@dataclass(frozen=True)
class SpeakerClip:
    """A clip with what is known of its speaker.

    Attributes
    ----------
    clip_id, audio_hash, text : str
    speaker, session : str
        Blank where unknown.
    labels : mapping of str to str
        By attribute; unknown labels are left out.
    """

    clip_id: str
    audio_hash: str
    text: str
    speaker: str
    session: str
    labels: Mapping[str, str]


COLUMNS = ["clip_id", "audio_hash", "text", "speaker", "session", "attributes"]


def subjects(clips: pa.Table) -> list[SpeakerClip]:
    """Return a corpus's clips, from the `COLUMNS` of `clips.parquet`."""
    return [
        SpeakerClip(
            row["clip_id"],
            row["audio_hash"],
            row["text"] or "",
            row["speaker"] or "",
            row["session"] or "",
            {name: value for name, value in (row["attributes"] or []) if value},
        )
        for row in clips.select(COLUMNS).to_pylist()
    ]


def speaker_units(speakers: Sequence[Any]) -> tuple[Ints, str | None]:
    """Return the speakers as codes, and a sentence about what was assumed of them (None where nothing was).

    A clip of unknown speaker is a unit of its own. If all clips are of one speaker, there is one unit, and nothing
    follows about other people: every interval is [0, 1], and nothing is found.
    """
    if len(set(speakers)) == 1 and set(speakers).isdisjoint({None, ""}):
        return np.zeros(len(speakers), np.intp), "one speaker only: nothing follows about other people"
    return speaker_clusters(speakers)


def options_of(
    corpus: str, subjects: Sequence[SpeakerClip], attributes: Mapping[str, Attribute]
) -> dict[str, tuple[str, ...]]:
    """Return the options of each attribute that the corpus has labels for.

    Raises
    ------
    EarwitnessError
        If the corpus has labels of no attribute, has a value that is not among the options, or if there are fewer than
        2 or more than `MOST_OPTIONS` options.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, asked in attributes.items():
        values = sorted({subject.labels[name] for subject in subjects if name in subject.labels})
        if not values:
            continue
        place = f"params.yaml: attribute_leakage.attributes.{name}.options"
        unknown = sorted(set(values) - set(asked.options))
        if asked.options and unknown:
            raise EarwitnessError(
                f"{place}: the corpus {corpus!r} has the value {unknown[0]!r}: add it, or correct the manifest"
            )
        if not 2 <= len(asked.options or values) <= MOST_OPTIONS:
            raise EarwitnessError(
                f"{place}: the corpus {corpus!r} has {len(values)} values of it, which cannot serve as options: name 2 "
                f"to {MOST_OPTIONS} options, or leave the attribute out"
            )
        found[name] = tuple(asked.options or values)
    if not found:
        there = sorted({name for subject in subjects for name in subject.labels})
        raise EarwitnessError(
            f"params.yaml: attribute_leakage.attributes: the corpus {corpus!r} has labels of none of "
            f"{', '.join(attributes) or 'them'} (its manifest has {', '.join(there) or 'no such columns'}): "
            "add the column, or name another attribute"
        )
    return found
