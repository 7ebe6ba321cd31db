"""Canary (arXiv 2406.19674): a recogniser and translator whose decoder is told languages and punctuation in tokens."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE
from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.forward.parts import PartsKind

DEFAULT = "en"
"""The language of a target that states none, as in the family's own processor; translations are into English."""


@family("canary")
class CanaryAdapter(EncoderDecoderAdapter):
    """A Canary checkpoint, asked with punctuation as by its own processor."""

    parts_kind: ClassVar[PartsKind] = "processor"
    takes_language = True

    def prompt(self) -> list[int]:
        """Return the prompt that the checkpoint's chat template makes of language and task."""
        processor: Any = self.parts.processor
        if processor.chat_template is None:
            raise EarwitnessError(f"{self._core.name_or_path}: no chat template in its processor: put it there")
        spoken, silence = self.parts.options.language or DEFAULT, np.zeros(RATE, np.float32)
        written = DEFAULT if self.parts.options.task == "translate" else spoken
        try:
            text = processor.apply_transcription_request(
                [silence], source_language=spoken, target_language=written, tokenize=False
            )
        except ValueError as error:
            raise EarwitnessError(f"targets.<name>.language: {str(error).splitlines()[0]}") from error
        made = processor(audio=[silence], text=text, sampling_rate=RATE)
        return [int(token) for token in made["decoder_input_ids"][0]]

    @property
    def positions(self) -> int | None:
        """Size of the decoder's table of positions."""
        return int(self._core.config.decoder_config.max_position_embeddings)
