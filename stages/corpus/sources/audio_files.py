"""Recordings without a list. It is read where no other layout is recognised."""

from __future__ import annotations

from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.sound.recordings import Recording
from stages.core.store.folders import files_below
from stages.corpus.sources.source import Listed, Row, source

SUFFIXES = frozenset(
    ".aac .aif .aifc .aiff .amr .au .caf .flac .m4a .mp3 .oga .ogg .opus .snd .w64 .wav .wma".split()  # noqa: SIM905
)
"""Suffixes of audio files. Unreadable ones stop the ingest or are quarantined."""


@source("audio_files", recognises=lambda folder: "")
def read_audio_files(folder: Path, corpus: Corpus) -> Listed:
    """List every audio file below a folder; its id is its path without the suffix."""
    del corpus
    found = [Path(file.path) for file in files_below(folder) if not Path(file.path).name.startswith(".")]
    return Listed(
        [
            Row(str(folder / path), recording=Recording(path.as_posix()), clip_id=path.with_suffix("").as_posix())
            for path in found
            if path.suffix.lower() in SUFFIXES
        ]
    )
