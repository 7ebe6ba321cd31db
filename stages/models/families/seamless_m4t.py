"""SeamlessM4T (arXiv 2308.11596, 2312.05187): from speech to text in the language that the decoder is told first."""

from __future__ import annotations

from typing import Any

import torch

from stages.core.errors import EarwitnessError
from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter


@family("seamless_m4t")
@family("seamless_m4t_v2")
class SeamlessM4TAdapter(EncoderDecoderAdapter):
    """The speech encoder and the text decoder of a SeamlessM4T checkpoint; its other parts are not loaded.

    The target's language is that of the text, as a code of three letters. If it is that of the speech, the model
    transcribes.
    """

    takes_language = True

    def prompt(self) -> list[int]:
        """Return the token of the text's language."""
        self.refuse_translation()
        known = getattr(self._core.generation_config, "text_decoder_lang_to_code_id", None) or {}
        language = self.parts.options.language
        if language not in known:
            codes = ", ".join(sorted(known)) or "none, because generation_config.json lists no languages"
            raise EarwitnessError(f"targets.<name>.language: {language!r} is none of the text: use one of {codes}")
        return [int(known[language])]

    def lengths(self, made: Any, mask: torch.Tensor | None) -> list[int]:
        """Return the positions that the model's own mask keeps."""
        if mask is None:
            return super().lengths(made, mask)
        return [int(held) for held in self._core._compute_sub_sample_lengths_from_attention_mask(mask)]
