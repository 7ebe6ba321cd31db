"""Speech2Text (fairseq S2T, arXiv 2010.05171): a window of normalised filter banks, convolutions, a transformer."""

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
    """A Speech2Text checkpoint; a translating one begins with the language that its config forces."""

    model_class = Speech2TextForConditionalGeneration

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.window_seconds = parts.model.config.max_source_positions / FRAMES_PER_SECOND

    def input(self, query: Query) -> Input:
        """Return the filter banks float32[frames, mels]."""
        heard = query.samples[: round(self.window_seconds * RATE)]
        cut = (len(query.samples) - len(heard)) / RATE
        heard = np.pad(heard, (0, max(round(SHORTEST * RATE) - len(heard), 0)))
        with np.errstate(
            invalid="ignore", divide="ignore"
        ):  # digital silence deviates by 0 from its mean: normalised, it is 0
            made = self.parts.extractor(heard, sampling_rate=RATE, return_tensors="pt")
        features = torch.as_tensor(made["input_features"][0])
        return Input(torch.where(features.isfinite(), features, 0.0), cut)

    def prefix(self, states: torch.Tensor) -> list[int]:
        """Return the start token and the language, if one is forced."""
        forced = getattr(self._core.generation_config, "forced_bos_token_id", None)
        return [*super().prefix(states), *([] if forced is None else [int(forced)])]
