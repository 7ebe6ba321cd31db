"""The house's own layout: ``manifest.csv``, ``.jsonl`` or ``.parquet`` beside or above the recordings."""

from __future__ import annotations

from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.corpus.rows import find_manifest, read_rows
from stages.corpus.sources.source import Listed, Row, source

REQUIRED = ("clip_id", "path", "text")


def _recognised(folder: Path) -> str:
    found = find_manifest(folder)
    return found.name if found else ""


@source("manifest", recognises=_recognised)
def read_manifest(folder: Path, corpus: Corpus) -> Listed:
    """Read a manifest with at least the columns clip_id, path and text."""
    manifest = find_manifest(folder)
    assert manifest is not None  # recognised
    required = REQUIRED + (("member",) if corpus.member == "column" else ())
    return Listed([Row(row.place, row.cells) for row in read_rows(manifest, required)])
