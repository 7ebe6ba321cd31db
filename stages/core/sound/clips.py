"""The sounds of a corpus's clips, by clip_id, wherever they are kept.

No other module of a later stage reads the column `audio` of ``clips.parquet``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stages.core.sound.audio import Samples, decode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import KeyedColumn


class UndecodedSound(Protocol):
    """A sound that is small and can be sent to a worker, which decodes it."""

    def samples(self) -> Samples:
        """Return the sound: float32[n], mono, 16 kHz."""
        ...


@dataclass(frozen=True)
class FlacSound:
    """A sound as `stages.core.sound.audio.encode_flac` wrote it."""

    data: bytes

    def samples(self) -> Samples:
        """Return the sound: float32[n], mono, 16 kHz."""
        return decode_flac(self.data)


class ClipSounds:
    """The sounds of ``data/corpus/<corpus>/clips.parquet``, with little of the table in memory.

    Clips that are asked for in the order of the table cost least: each part of the table is then read once.

    Parameters
    ----------
    corpus : str
    root : Path
        Of the folder that holds ``data/corpus``.
    """

    def __init__(self, corpus: str, root: Path = Path()) -> None:
        self._embedded = KeyedColumn(root / artifact("corpus", corpus, "clips.parquet"), "clip_id", "audio")

    def __getitem__(self, clip_id: str) -> Samples:
        """Return a clip's sound: float32[n], mono, 16 kHz."""
        return self.sound(clip_id).samples()

    def sound(self, clip_id: str) -> UndecodedSound:
        """Return a clip's sound, not decoded yet."""
        return FlacSound(self._embedded[clip_id])
