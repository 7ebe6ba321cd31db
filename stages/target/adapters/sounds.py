"""Log-mel features for Whisper-style encoders, computed once per sound and kept within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch

from stages.core.audio import RATE, Samples
from stages.target.adapter import Query

SHORTEST = 0.2
"""Seconds to which shorter clips are padded with silence: a clip of one audio token takes a path that crashes."""
KEPT_BYTES = 1 << 30


@dataclass(frozen=True)
class Sound:
    """One encoded sound.

    Attributes
    ----------
    features : float32[mels, frames]
        Padded to the model's window.
    frames : int
        How many of them hold sound.
    seconds_cut : float
        What the window cut.
    """

    features: torch.Tensor
    frames: int
    seconds_cut: float


class SoundCache:
    """Features of sounds by their hash; the least recently used go first when `KEPT_BYTES` are exceeded."""

    def __init__(self, extractor: Any, window_seconds: float) -> None:
        self._extractor = extractor
        self._window = round(window_seconds * RATE)  # samples
        self._kept: OrderedDict[str, Sound] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()  # several threads may ask one adapter

    def get(self, queries: Sequence[Query]) -> list[Sound]:
        """Return the sounds of `queries`, in order, computing each distinct one once."""
        with self._lock:
            found = {q.audio_hash: self._kept[q.audio_hash] for q in queries if q.audio_hash in self._kept}
        for query in queries:
            if query.audio_hash not in found:
                found[query.audio_hash] = self._sound(query.samples)
        with self._lock:
            for key, sound in found.items():
                self._keep(key, sound)
        return [found[query.audio_hash] for query in queries]

    def _keep(self, key: str, sound: Sound) -> None:
        if key not in self._kept:
            self._bytes += sound.features.nbytes
        self._kept[key] = sound
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
            max_length=self._window,
            return_attention_mask=True,
            return_tensors="pt",
        )
        cut = max(len(samples) - self._window, 0) / RATE
        return Sound(made["input_features"][0], int(made["attention_mask"].sum()), cut)
