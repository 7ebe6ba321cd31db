"""Placeholder-merge decoders with a Whisper-style encoder that takes a long sound window by window."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import torch

from stages.core.sound.audio import RATE, Samples
from stages.models.families.single_sound import SingleSoundAdapter
from stages.models.forward.parts import Parts

LEAST_FRAMES = 8
"""Smallest length of a last window; fewer frames give no audio token."""


class WindowedAdapter(SingleSoundAdapter):
    """A decoder whose processor states the longest sound, and whose extractor states the length of a window."""

    kind = "processor"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._window = int(parts.extractor.chunk_length)
        self.window_seconds = float(parts.processor.max_audio_len // self._window * self._window)

    def inputs(self, samples: Samples) -> dict[str, torch.Tensor]:
        """Return the features float32[windows, mels, frames] and a mask of the frames that hold sound."""
        size = self._window * RATE
        windows = [samples[start : start + size] for start in range(0, len(samples), size)]
        if len(windows) > 1 and len(windows[-1]) < LEAST_FRAMES * self.parts.extractor.hop_length:
            windows.pop()
        made: Any = self.parts.extractor(
            windows, sampling_rate=RATE, padding="max_length", return_attention_mask=True, return_tensors="pt"
        )
        return {"input_features": made["input_features"], "input_features_mask": made["attention_mask"]}

    def share(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> Fraction:
        """See `SingleSoundAdapter.share`."""
        mask = inputs["input_features_mask"]
        return Fraction(int(mask.sum()), mask.numel())
