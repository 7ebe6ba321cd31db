"""The sounds of a corpus's clips, by clip_id, wherever they are kept."""

from __future__ import annotations

from stages.core.sound.audio import Samples, decode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import KeyedColumn


class ClipSounds:
    """The sounds of ``data/corpus/<corpus>/clips.parquet``, with little of the table in memory.

    Parameters
    ----------
    corpus : str
    """

    def __init__(self, corpus: str) -> None:
        self._embedded = KeyedColumn(artifact("corpus", corpus, "clips.parquet"), "clip_id", "audio")

    def __getitem__(self, clip_id: str) -> Samples:
        """Return a clip's sound: float32[n], mono, 16 kHz."""
        return decode_flac(self._embedded[clip_id])
