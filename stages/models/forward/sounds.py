"""Log-mel features for Whisper-style encoders, computed once per sound and kept within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import Query

SHORTEST = 0.2
"""Seconds to which shorter clips are padded with silence: a clip of one audio token takes a path that crashes."""
KEPT_BYTES = 1 << 25


@dataclass(frozen=True)
class Sound:
    """One encoded sound.

    Attributes
    ----------
    features : float32[mels, frames]
        Padded to the model's window; from a cache that is `trimmed`, only to a few frames of silence, as far as the
        window reaches.
    frames : int
        How many of them hold sound.
    seconds_cut : float
        What the window cut.
    """

    features: torch.Tensor
    frames: int
    seconds_cut: float


def stacked(sounds: Sequence[Sound], frames: int = 0) -> torch.Tensor:
    """Return features float32[sounds, mels, longest, but at least `frames`], filled up with silence.

    Silence is the least value of a sound, and its last frame, if the window leaves room for one: so these are, to the
    digit, the features of the sound padded to that length.
    """
    longest = max(frames, *(sound.features.shape[1] for sound in sounds))
    return torch.stack([_filled(sound.features, longest) for sound in sounds])


def _filled(features: torch.Tensor, frames: int) -> torch.Tensor:
    return torch.cat([features, features[:, -1:].expand(-1, frames - features.shape[1])], 1)


_SHARED: dict[tuple[str, float], SoundCache] = {}


def shared_sounds(extractor: Any, window_seconds: float) -> SoundCache:
    """Return the one trimmed cache of all adapters with this extractor: a target's sounds serve its reference."""
    key = extractor.to_json_string(), window_seconds
    return _SHARED.setdefault(key, SoundCache(extractor, window_seconds, trimmed=True))


class SoundCache:
    """Features of sounds by their hash: all that anyone still holds, and the last used up to `KEPT_BYTES`.

    Parameters
    ----------
    extractor : transformers.WhisperFeatureExtractor
    window_seconds : float
    trimmed : bool
        Leave out most of the silence that a sound would be padded with.
    """

    def __init__(self, extractor: Any, window_seconds: float, *, trimmed: bool = False) -> None:
        self._extractor = extractor
        self._trimmed = trimmed
        self._window = round(window_seconds * RATE)  # samples
        self._kept: OrderedDict[str, Sound] = OrderedDict()
        self._living: WeakValueDictionary[str, Sound] = WeakValueDictionary()
        self._bytes = 0
        self._lock = Lock()  # several threads may ask one adapter

    def get(self, queries: Sequence[Query]) -> list[Sound]:
        """Return the sounds of `queries`, in order, computing each distinct one once."""
        with self._lock:
            known = {query.audio_hash: self._living.get(query.audio_hash) for query in queries}
        found = {name: sound for name, sound in known.items() if sound is not None}
        for query in queries:
            if query.audio_hash not in found:
                found[query.audio_hash] = self._sound(query.samples)
        with self._lock:
            for key, sound in found.items():
                self._keep(key, sound)
        return [found[query.audio_hash] for query in queries]

    def clear(self) -> None:
        """Forget all sounds."""
        with self._lock:
            self._kept.clear()
            self._living.clear()
            self._bytes = 0

    def _keep(self, key: str, sound: Sound) -> None:
        if key not in self._kept:
            self._bytes += sound.features.nbytes
        self._kept[key] = self._living[key] = sound
        self._kept.move_to_end(key)
        while self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].features.nbytes

    def _sound(self, samples: Samples) -> Sound:
        """Compute one sound alone, so that its features cannot depend on a batch."""
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
        """Return to how many samples a sound is padded.

        Trimmed, to as many as its frames and two of silence reach into, the reflection at the end included.
        """
        if not self._trimmed:
            return self._window
        hop = self._extractor.hop_length
        return int(min(self._window, (-(-samples // hop) + 2) * hop + -(-self._extractor.n_fft // hop) * hop))
