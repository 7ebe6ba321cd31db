"""Speech2Text (fairseq S2T, arXiv 2010.05171): convolutions and a transformer over a window of filter banks."""

from __future__ import annotations

import numpy as np
import torch
from transformers import Speech2TextForConditionalGeneration

from stages.core.sound.audio import RATE
from stages.models.adapter import Query, family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter, Input
from stages.models.forward.parts import Parts
from stages.models.forward.sounds import SHORTEST

FRAMES_PER_SECOND = 100


@family("speech_to_text")
class Speech2TextAdapter(EncoderDecoderAdapter):
    """A Speech2Text checkpoint. The answers of a translation model begin with the language that its config forces."""

    model_class = Speech2TextForConditionalGeneration

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.window_seconds = parts.model.config.max_source_positions / FRAMES_PER_SECOND

    def input(self, query: Query) -> Input:
        """Return the filter banks float32[frames, mels]."""
        heard = query.samples[: round(self.window_seconds * RATE)]
        cut = (len(query.samples) - len(heard)) / RATE
        heard = np.pad(heard, (0, max(round(SHORTEST * RATE) - len(heard), 0)))
        with np.errstate(invalid="ignore", divide="ignore"):  # digital silence has deviation 0 and is set to 0 below
            made = self.parts.extractor(heard, sampling_rate=RATE, return_tensors="pt")
        features = torch.as_tensor(made["input_features"][0])
        return Input(torch.where(features.isfinite(), features, 0.0), cut)

    def prefix(self, states: torch.Tensor) -> list[int]:
        """Return the start token and, if one is forced, the language."""
        forced = getattr(self._core.generation_config, "forced_bos_token_id", None)
        return [*super().prefix(states), *([] if forced is None else [int(forced)])]
