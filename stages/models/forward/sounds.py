"""Log-mel features for Whisper-style encoders, computed once per sound and cached in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import torch

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import Query

SHORTEST = 0.2
"""Seconds to which shorter clips are padded with silence, because a clip of one audio token makes a model crash."""
KEPT_BYTES = 1 << 25


@dataclass(frozen=True)
class Sound:
    """One encoded sound.

    Attributes
    ----------
    features : float32[mels, frames]
        Padded to the model's window. A `trimmed` cache adds only a few frames of silence, within the window.
    frames : int
        Number of frames that hold sound.
    seconds_cut : float
        Seconds of audio beyond the window, which were cut.
    """

    features: torch.Tensor
    frames: int
    seconds_cut: float

    @property
    def nbytes(self) -> int:
        """Size of the features in bytes."""
        return self.features.nbytes


def stacked(sounds: Sequence[Sound], frames: int = 0) -> torch.Tensor:
    """Return features float32[sounds, mels, longest], padded with silence to the longest sound, at least to `frames`.

    A silent frame holds the smallest value of its sound. The last frame of a sound is silent if the window leaves room
    for it. So repeating it gives exactly the features of the sound padded to that length.
    """
    longest = max(frames, *(sound.features.shape[1] for sound in sounds))
    return torch.stack([_filled(sound.features, longest) for sound in sounds])


def _filled(features: torch.Tensor, frames: int) -> torch.Tensor:
    return torch.cat([features, features[:, -1:].expand(-1, frames - features.shape[1])], 1)


_SHARED: dict[tuple[str, float], SoundCache] = {}


def shared_sounds(extractor: Any, window_seconds: float) -> SoundCache:
    """Return the trimmed cache that all adapters with this extractor share, such as a target and its reference."""
    key = extractor.to_json_string(), window_seconds
    return _SHARED.setdefault(key, SoundCache(extractor, window_seconds, trimmed=True))


class Sized(Protocol):
    """Something that a `BoundedCache` keeps."""

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""


Kept = TypeVar("Kept", bound=Sized)


class BoundedCache(Generic[Kept]):
    """What is computed of a sound, by its hash: that still in use, and that used last up to `KEPT_BYTES`.

    Parameters
    ----------
    compute : callable
        From the samples of one sound, so that no sound depends on a batch.
    """

    def __init__(self, compute: Callable[[Samples], Kept]) -> None:
        self._compute = compute
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._living: WeakValueDictionary[str, Kept] = WeakValueDictionary()
        self._bytes = 0
        self._lock = Lock()  # several threads may use one adapter

    def get(self, queries: Sequence[Query]) -> list[Kept]:
        """Return what is computed of the sounds of `queries`, in order; each distinct sound is computed once."""
        with self._lock:
            known = {query.audio_hash: self._living.get(query.audio_hash) for query in queries}
        found = {name: item for name, item in known.items() if item is not None}
        for query in queries:
            if query.audio_hash not in found:
                found[query.audio_hash] = self._compute(query.samples)
        with self._lock:
            for key, item in found.items():
                self._keep(key, item)
        return [found[query.audio_hash] for query in queries]

    def clear(self) -> None:
        """Forget all sounds."""
        with self._lock:
            self._kept.clear()
            self._living.clear()
            self._bytes = 0

    def _keep(self, key: str, item: Kept) -> None:
        if key not in self._kept:
            self._bytes += item.nbytes
        self._kept[key] = self._living[key] = item
        self._kept.move_to_end(key)
        while self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


class SoundCache(BoundedCache[Sound]):
    """A cache of log-mel features.

    Parameters
    ----------
    extractor : transformers.WhisperFeatureExtractor
    window_seconds : float
    trimmed : bool
        Omit most of the silence that pads a sound.
    """

    def __init__(self, extractor: Any, window_seconds: float, *, trimmed: bool = False) -> None:
        super().__init__(self.sound)
        self._extractor = extractor
        self._trimmed = trimmed
        self._window = round(window_seconds * RATE)  # samples

    def sound(self, samples: Samples) -> Sound:
        """Compute one sound by itself."""
        heard = samples[: self._window]
        heard = np.pad(heard, (0, max(round(SHORTEST * RATE) - len(heard), 0)))
        made = self._extractor(
            heard,
            sampling_rate=RATE,
            padding="max_length",
            max_length=self._padded(len(heard)),
            return_attention_mask=True,
            return_tensors="pt",
        )
        cut = max(len(samples) - self._window, 0) / RATE
        return Sound(made["input_features"][0], int(made["attention_mask"].sum()), cut)

    def _padded(self, samples: int) -> int:
        """Return the number of samples to which a sound is padded.

        In a trimmed cache, that number covers the sound's frames, two frames of silence, and the reflection at the end.
        """
        if not self._trimmed:
            return self._window
        hop = self._extractor.hop_length
        return int(min(self._window, (-(-samples // hop) + 2) * hop + -(-self._extractor.n_fft // hop) * hop))
