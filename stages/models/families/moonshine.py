"""Moonshine (arXiv 2410.15608): a recogniser for raw waveforms of any length."""

from __future__ import annotations

import numpy as np
import torch
from transformers import MoonshineForConditionalGeneration

from stages.core.sound.audio import RATE
from stages.models.adapter import Query, family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter, Input
from stages.models.forward.parts import LONGEST
from stages.models.forward.sounds import SHORTEST


@family("moonshine")
class MoonshineAdapter(EncoderDecoderAdapter):
    """A Moonshine checkpoint."""

    model_class = MoonshineForConditionalGeneration
    window_seconds = LONGEST

    def input(self, query: Query) -> Input:
        """Return the waveform float32[n]."""
        heard = query.samples[: round(self.window_seconds * RATE)]
        cut = (len(query.samples) - len(heard)) / RATE
        heard = np.pad(heard, (0, max(round(SHORTEST * RATE) - len(heard), 0)))
        made = self.parts.extractor(heard, sampling_rate=RATE, return_tensors="pt")
        return Input(torch.as_tensor(made["input_values"][0]), cut)
