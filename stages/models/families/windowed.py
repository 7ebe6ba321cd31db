"""Audio Flamingo 3 (arXiv 2507.08128), Music Flamingo (arXiv 2511.10289) and GLM-ASR.

A Whisper-style encoder takes a long sound window by window. The processor states the longest sound.
"""

from __future__ import annotations

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import family
from stages.models.families.generic import GenericAdapter
from stages.models.forward.inputs import SoundInputs
from stages.models.forward.parts import Parts

LEAST_FRAMES = 8
"""Smallest length of a last window; fewer frames give no audio token."""


@family("audioflamingo3")
@family("musicflamingo")
@family("glmasr")
class WindowedAdapter(GenericAdapter):
    """A checkpoint whose extractor states the length of a window."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._window = int(parts.extractor.chunk_length)
        self.window_seconds = float(parts.processor.max_audio_len // self._window * self._window)

    def inputs(self, samples: Samples) -> SoundInputs:
        """See `GenericAdapter.inputs`; a last window that gives no audio token is left out."""
        rest = len(samples) % (self._window * RATE)
        short = 0 < rest < min(LEAST_FRAMES * self.parts.extractor.hop_length, len(samples))
        return super().inputs(samples[: len(samples) - rest] if short else samples)
