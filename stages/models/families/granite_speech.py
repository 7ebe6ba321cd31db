"""Granite Speech (arXiv 2505.08699): a conformer encoder, a query transformer over blocks, a Granite language model.

Granite Speech Plus gives the query transformer the outputs of several layers of the encoder.

This file computes the features itself, because the checkpoint's own extractor needs torchaudio, which nothing else
here uses.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from transformers import AutoModelForMultimodalLM
from transformers.audio_utils import mel_filter_bank

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import family
from stages.models.families.batched import BatchedAdapter
from stages.models.forward.inputs import SoundInputs

TRANSFORM, WINDOW, HOP = 512, 400, 160
"""Lengths in samples: the Fourier transform, its window, and the distance between frames."""
RANGE = 8.0
"""Logarithms are clipped this many decades below the largest value."""


@family("granite_speech_plus")
@family("granite_speech")
class GraniteSpeechAdapter(BatchedAdapter):
    """A Granite Speech checkpoint. The low-rank updates in its folder are active, as they are for all audio."""

    model_class = AutoModelForMultimodalLM
    kind = "tokenizer"

    def inputs(self, samples: Samples) -> SoundInputs:
        """Return log-mel frames, stacked in pairs: float32[1, frames, 2 mels]."""
        power = (
            torch.stft(
                torch.from_numpy(samples), TRANSFORM, HOP, WINDOW, torch.hann_window(WINDOW), return_complex=True
            )
            .abs()
            .square()
        )
        decades = (power.T @ self._filters).clamp(min=1e-10).log10()
        scaled = torch.maximum(decades, decades.max() - RANGE) / 4 + 1
        even = scaled[: len(scaled) // 2 * 2]
        return SoundInputs({"input_features": even.reshape(1, -1, 2 * even.shape[-1])})

    @property
    def encoder(self) -> Any:
        """The audio encoder."""
        return self._core.model.encoder

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The query transformer and its projection."""
        return [self._core.model.projector]

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """Scale the logits as Granite's causal model does; this class of `transformers` 5.23 does not."""
        return super().head(hidden) / float(self.decoder.config.logits_scaling)

    @cached_property
    def _filters(self) -> torch.Tensor:
        mels = self._core.config.encoder_config.input_dim // 2
        filters = mel_filter_bank(TRANSFORM // 2 + 1, mels, 0.0, RATE / 2, RATE, norm=None, mel_scale="htk")
        return torch.from_numpy(filters).float()
