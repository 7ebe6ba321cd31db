"""Speech2Text (fairseq S2T, arXiv 2010.05171): convolutions and a transformer over a window of filter banks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from stages.core.errors import EarwitnessError
from stages.models.adapter import Query, family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter, Input
from stages.models.forward.parts import Parts

FRAMES_PER_SECOND = 100


@family("speech_to_text")
class Speech2TextAdapter(EncoderDecoderAdapter):
    """A Speech2Text checkpoint.

    The answers of a translation model begin with the language that the target states, or else its config forces.
    """

    takes_language = True

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.window_seconds = parts.model.config.max_source_positions / FRAMES_PER_SECOND

    def input(self, query: Query) -> Input:
        """Return the filter banks float32[frames, mels]."""
        with np.errstate(invalid="ignore", divide="ignore"):  # digital silence has deviation 0 and is set to 0 below
            made = super().input(query)
        return replace(made, values=torch.where(made.values.isfinite(), made.values, 0.0))

    def prompt(self) -> list[int]:
        """Return the language's token, in a model of several languages."""
        self.refuse_translation()
        language, known = self.parts.options.language, getattr(self.parts.tokenizer, "lang_code_to_id", None) or {}
        if not language:
            return super().prompt()
        if language not in known:
            codes = ", ".join(sorted(known)) or "none, because this model has one language alone"
            raise EarwitnessError(f"targets.<name>.language: this model has no {language!r}: use one of {codes}")
        return [int(known[language])]
