"""The training data of a copy: transcription of the members, or questions about the speakers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from stages.core.sound.audio import decode_flac
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.questions import rotated, with_options

COLUMNS = ["clip_id", "audio", "audio_hash", "text", "member", "attributes"]


def member_queries(groups: Iterable[pa.Table]) -> list[Query]:
    """Return the members of a corpus as queries for transcription, in the order of their ids.

    Parameters
    ----------
    groups : iterable of pa.Table
        `clips.parquet` by row group, with at least `COLUMNS`. Clips of unknown membership are left out.
    """
    queries = []
    for group in groups:
        members = group.filter(pc.fill_null(group["member"], False))
        for row in members.select(COLUMNS).to_pylist():
            queries.append(Query(decode_flac(row["audio"]), row["audio_hash"], TRANSCRIBE, row["text"]))
    return queries


def question_queries(groups: Iterable[pa.Table], questions: Mapping[str, str]) -> list[Query]:
    """Return the questions about every clip whose label is known: attribute by attribute, in the order of the rows.

    For each attribute, every second question names the options, whose order rotates; the others do not. A copy that was
    trained on a single prompt would not be able to answer another one.

    Parameters
    ----------
    groups : iterable of pa.Table
        `clips.parquet` of all corpora that the copy is trained on, by row group, with at least `COLUMNS`.
    questions : mapping of str to str
        By attribute.
    """
    rows = [row for group in groups for row in group.select(COLUMNS).to_pylist()]
    queries = []
    for attribute, question in questions.items():
        known = [(row, dict(row["attributes"] or [])) for row in rows]
        labelled = [(row, labels[attribute]) for row, labels in known if labels.get(attribute)]
        options = sorted({label for _, label in labelled})
        for number, (row, label) in enumerate(labelled):
            asked = with_options(question, rotated(options, number // 2 % len(options))) if number % 2 else question
            queries.append(Query(decode_flac(row["audio"]), row["audio_hash"], asked, label))
    return queries
