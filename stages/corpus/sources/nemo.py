"""NeMo's manifests: one JSON object a line with ``audio_filepath``, ``text``, and ``offset`` and ``duration``."""

from __future__ import annotations

from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.corpus.sources.manifest import only_list, tables_in
from stages.corpus.sources.reading import head, read_rows
from stages.corpus.sources.source import Listed, source

COLUMN = "audio_filepath"


def _lists(folder: Path) -> list[Path]:
    tables = [file for file in tables_in(folder) if file.suffix.lower() in (".json", ".jsonl", ".ndjson")]
    return [file for file in tables if isinstance(head(file).get(COLUMN), str)]


def _recognised(folder: Path) -> str:
    found = _lists(folder)
    return found[0].name if found else ""


@source("nemo", recognises=_recognised)
def read_nemo(folder: Path, corpus: Corpus) -> Listed:
    """Read a NeMo manifest; `corpora.X.part` names it where there are several.

    A segment is cut only where rows have an offset: without one, the duration is that of the whole recording.
    """
    return Listed(read_rows(only_list(folder, corpus.part, _lists(folder))))
