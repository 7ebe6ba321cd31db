"""The training data of a copy: transcription of the members, or questions about the speakers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stages.core.sound.clips import ClipSounds
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_groups
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.questions import rotated, with_options

COLUMNS = ["clip_id", "audio_hash", "text", "member", "attributes"]


def member_queries(corpora: Sequence[str]) -> list[Query]:
    """Return the members of some corpora as queries for transcription, in the order of the corpora and their ids.

    Parameters
    ----------
    corpora : sequence of str
        By name. Clips of unknown membership are left out.
    """
    return [
        Query(sounds[row["clip_id"]], row["audio_hash"], TRANSCRIBE, row["text"])
        for row, sounds in _clips(corpora)
        if row["member"]
    ]


def question_queries(corpora: Sequence[str], questions: Mapping[str, str]) -> list[Query]:
    """Return the questions about every clip whose label is known: attribute by attribute, in the order of the rows.

    For each attribute, every second question names the options, whose order rotates; the others do not. A copy that was
    trained on a single prompt would not be able to answer another one.

    Parameters
    ----------
    corpora : sequence of str
        All corpora that the copy is trained on, by name.
    questions : mapping of str to str
        By attribute.
    """
    clips = list(_clips(corpora))
    queries = []
    for attribute, question in questions.items():
        known = [(row, sounds, dict(row["attributes"] or [])) for row, sounds in clips]
        labelled = [(row, sounds, labels[attribute]) for row, sounds, labels in known if labels.get(attribute)]
        options = sorted({label for _, _, label in labelled})
        for number, (row, sounds, label) in enumerate(labelled):
            asked = with_options(question, rotated(options, number // 2 % len(options))) if number % 2 else question
            queries.append(Query(sounds[row["clip_id"]], row["audio_hash"], asked, label))
    return queries


def _clips(corpora: Sequence[str]) -> Iterator[tuple[Mapping[str, Any], ClipSounds]]:
    """Yield the rows of ``clips.parquet`` of each corpus, and where their sounds are: two corpora may share an id."""
    for corpus in corpora:
        sounds = ClipSounds(corpus)
        for group in read_groups(artifact("corpus", corpus, "clips.parquet"), COLUMNS):
            yield from ((row, sounds) for row in group.to_pylist())
