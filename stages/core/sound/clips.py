"""The sounds of a corpus's clips, by clip_id, wherever they are kept.

No other module of a later stage reads the column `audio` of ``clips.parquet``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import Samples, audio_hash, decode_flac
from stages.core.sound.decoding import Undecodable, decode_recording, sound_of
from stages.core.sound.recordings import Recording
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import KeyedRows

HELD_BYTES = 2**28
"""Size of the encoded sounds in memory. Donors of pairings are anywhere in the table, and each that is not in memory
costs the reading of a row group."""


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


@dataclass(frozen=True)
class ReferencedSound:
    """A sound that is read where its recording lies.

    Attributes
    ----------
    clip_id : str
    folder : Path
        ``data/raw/<corpus>``; absolute, because a worker may have been started in another folder.
    recording : Recording
        It names a channel, unless all channels are mixed.
    audio_hash : str
        Of the sound as it was when the stage `corpus` took it.
    """

    clip_id: str
    folder: Path
    recording: Recording
    audio_hash: str

    def samples(self) -> Samples:
        """Return the sound, the same to the bit as the copy that ``audio: embed`` keeps: float32[n], mono, 16 kHz.

        Raises
        ------
        EarwitnessError
            If the recording is missing, cannot be decoded or sounds otherwise than when it was taken.
        """
        try:
            samples = sound_of(decode_recording(self.folder, self.recording), "mix")
        except Undecodable as error:
            raise self._changed(error.reason) from error
        if audio_hash(samples) != self.audio_hash:
            raise self._changed("its sound is not what it was when the stage corpus read it")
        return samples

    def _changed(self, reason: str) -> EarwitnessError:
        corpus = self.folder.name
        return EarwitnessError(
            f"data/raw/{corpus}/{self.recording.place}: clip {self.clip_id!r}: {reason}: put the recording back, "
            f"or run 'dvc repro corpus@{corpus}' and what depends on it"
        )


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
        columns = ["audio", "recording", "audio_hash"]
        self._rows = KeyedRows(root / artifact("corpus", corpus, "clips.parquet"), "clip_id", columns, HELD_BYTES)
        self._folder = (root / artifact("raw", corpus)).absolute()

    def __getitem__(self, clip_id: str) -> Samples:
        """Return a clip's sound: float32[n], mono, 16 kHz."""
        return self.sound(clip_id).samples()

    def sound(self, clip_id: str) -> UndecodedSound:
        """Return a clip's sound, not decoded yet."""
        row = self._rows[clip_id]
        if row["audio"] is not None:
            return FlacSound(row["audio"])
        return ReferencedSound(clip_id, self._folder, Recording(**row["recording"]), row["audio_hash"])
