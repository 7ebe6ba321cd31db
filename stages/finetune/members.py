"""The clips that a copy is trained on."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from stages.core.audio import decode_flac
from stages.target.adapter import TRANSCRIBE, Query

COLUMNS = ["clip_id", "audio", "audio_hash", "text", "member"]


def member_queries(groups: Iterable[pa.Table]) -> list[Query]:
    """Return the members of a corpus as queries for transcription, in the order of their ids.

    Parameters
    ----------
    groups : iterable of pa.Table
        `clips.parquet` by row group, with at least `COLUMNS`. Clips of unknown membership are no members.
    """
    queries = []
    for group in groups:
        members = group.filter(pc.fill_null(group["member"], False))
        for row in members.select(COLUMNS).to_pylist():
            queries.append(Query(decode_flac(row["audio"]), row["audio_hash"], TRANSCRIBE, row["text"]))
    return queries
