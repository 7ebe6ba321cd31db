"""The sounds of a corpus's neighbours, by neighbour_id: the only way in which a stage hears a neighbour.

``neighbours.parquet`` keeps how a sound is made. It is made again when it is heard, by the same code, and compared with
the hash of the sound that the stage `perturbation` made. So what a stage computes depends on the hash alone, and not on
the code of a perturbation.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import Samples, audio_hash
from stages.core.sound.clips import ClipSounds, FlacSound, UndecodedSound
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import KeyedRows
from stages.neighbours.recipe import Utterance
from stages.neighbours.rendering import Draw, rendered

DECODED_BYTES = 2**25
"""Size of the decoded sounds of clips that are kept, because the neighbours of a clip are heard one after another."""

_ORIGIN = ["clip_id", "perturbation", "index", "settings", "seed", "codec", "donor"]
_COLUMNS = [*_ORIGIN, "audio", "audio_hash", "text"]


class NeighbourSounds:
    """The sounds of ``data/perturbation/<corpus>/neighbours.parquet``, with little of the table in memory.

    Parameters
    ----------
    corpus : str
    root : Path
        Of the folder that holds ``data``.
    """

    def __init__(self, corpus: str, root: Path = Path()) -> None:
        path = root / artifact("perturbation", corpus, "neighbours.parquet")
        self._corpus = corpus
        self._rows = KeyedRows(path, "neighbour_id", _COLUMNS)
        self._clips = ClipSounds(corpus, root)

    def __getitem__(self, neighbour_id: str) -> Samples:
        """Return a neighbour's sound: float32[n], mono, 16 kHz.

        Raises
        ------
        EarwitnessError
            If it is not the sound that the stage `perturbation` made.
        """
        return self.sound(neighbour_id).samples()

    def sound(self, neighbour_id: str) -> UndecodedSound:
        """Return a neighbour's sound, not made yet."""
        row = self._rows[neighbour_id]
        if row["audio"] is not None:
            return FlacSound(row["audio"])
        clip = self._original(row["clip_id"])
        if row["audio_hash"] == clip.audio_hash:
            return clip.sound
        donor = None if row["donor"] is None else self._original(row["donor"])
        if donor is not None and row["audio_hash"] == donor.audio_hash:
            return donor.sound
        return RenderedSound(neighbour_id, self._corpus, row["audio_hash"], _draw(row), clip, donor)

    def _original(self, clip_id: str) -> ClipAsHeard:
        row = self._rows[f"{clip_id}/original/0"]
        return ClipAsHeard(row["audio_hash"], row["text"], self._clips.sound(clip_id))


@dataclass(frozen=True)
class ClipAsHeard:
    """A clip from which a neighbour is made."""

    audio_hash: str
    text: str
    sound: UndecodedSound

    def samples(self) -> Samples:
        """Return the clip's sound: float32[n]. The last ones are kept."""
        return _kept.samples(self.audio_hash, self.sound)


@dataclass(frozen=True)
class RenderedSound:
    """A neighbour's sound that is made where it is heard, such as in a worker.

    Attributes
    ----------
    neighbour_id, corpus : str
        For the error.
    audio_hash : str
        Of the sound that the stage `perturbation` made.
    draw : Draw
    clip : ClipAsHeard
    donor : ClipAsHeard or None
    """

    neighbour_id: str
    corpus: str
    audio_hash: str
    draw: Draw
    clip: ClipAsHeard
    donor: ClipAsHeard | None

    def samples(self) -> Samples:
        """Make the sound again: float32[n], mono, 16 kHz.

        Raises
        ------
        EarwitnessError
            If it is not the sound that the stage `perturbation` made.
        """
        # By name, so that a new perturbation does not count as a change of every stage that hears neighbours: what they
        # hear is checked by its hash.
        import_module("stages.neighbours.perturbations")
        clip, donor = self.clip, None
        if self.donor is not None:
            donor = Utterance(self.donor.samples(), self.donor.text)
        found = rendered(self.draw, clip.audio_hash, clip.text, clip.samples(), donor).samples
        if found is None or audio_hash(found) != self.audio_hash:
            raise EarwitnessError(
                f"data/perturbation/{self.corpus}/neighbours.parquet: {self.neighbour_id!r} cannot be made again as it "
                "was: the code, a library or the kind of processor is another: run "
                f"'EARWITNESS_FRESH=1 dvc repro --force --single-item perturbation@{self.corpus}', then the audit again"
            )
        return found


class KeptSounds:
    """Decoded sounds by the clips' hashes, up to a size; several threads may ask.

    Parameters
    ----------
    size : int
        In bytes. The sound that was asked for last is always kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._sounds: OrderedDict[str, Samples] = OrderedDict()

    def samples(self, name: str, sound: UndecodedSound) -> Samples:
        """Return the sound, decoded; it may be kept under its name, and must not be changed."""
        with self._lock:
            if name in self._sounds:
                self._sounds.move_to_end(name)
                return self._sounds[name]
        samples = sound.samples()
        with self._lock:
            self._sounds[name] = samples
            while len(self._sounds) > 1 and sum(kept.nbytes for kept in self._sounds.values()) > self._size:
                self._sounds.popitem(last=False)
        return samples


_kept = KeptSounds(DECODED_BYTES)


def _draw(row: Mapping[str, Any]) -> Draw:
    return Draw(row["perturbation"], row["index"], json.loads(row["settings"]), row["seed"], row["codec"])
