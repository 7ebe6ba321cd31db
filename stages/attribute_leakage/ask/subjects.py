"""Whom a corpus lets be asked about: its clips with their speakers, and the options of each attribute."""

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
"""Distinct values from which a column is no list of options, but names, dates or numbers."""


@dataclass(frozen=True)
class SpeakerClip:
    """A clip.

    Attributes
    ----------
    clip_id, audio_hash, text : str
    speaker, session : str
        Blank where the corpus does not say.
    labels : mapping of str to str
        By attribute, of what is known of the clip.
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
    """Return codes of the speakers and what had to be assumed of them, in plain words.

    A clip of unknown speaker is a unit of its own. All clips of a single speaker are one unit, from which nothing
    follows about other people: no interval is narrower than [0, 1], and nothing is found.
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
        If the corpus has none of the attributes, has another value than the options, or has no fixed set of values.
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
                f"{place}: the corpus {corpus!r} has the value {unknown[0]!r}: add it, or change the manifest's"
            )
        if not 2 <= len(asked.options or values) <= MOST_OPTIONS:
            raise EarwitnessError(
                f"{place}: the corpus {corpus!r} has {len(values)} values of it, which make no question: name 2 to "
                f"{MOST_OPTIONS} options, or leave the attribute out"
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
