"""Cohere Transcribe: a Conformer encoder and a decoder that is told language and punctuation in tokens."""

from __future__ import annotations

from typing import ClassVar

from stages.core.errors import EarwitnessError
from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.forward.parts import Parts, PartsKind


@family("cohere_asr")
class CohereAsrAdapter(EncoderDecoderAdapter):
    """A Cohere Transcribe checkpoint, asked with punctuation as by its own processor.

    Its window is the longest clip that its feature extractor leaves whole.
    """

    parts_kind: ClassVar[PartsKind] = "processor"
    takes_language = True

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.window_seconds = float(parts.extractor.max_audio_clip_s)

    def prompt(self) -> list[int]:
        """Return the prompt that the checkpoint's processor makes of the language."""
        self.refuse_translation()
        try:
            return [int(token) for token in self.parts.processor.get_decoder_prompt_ids(self.parts.options.language)]
        except ValueError as error:
            raise EarwitnessError(f"targets.<name>.language: state what is spoken ({error})") from error

    @property
    def positions(self) -> int | None:
        """Size of the decoder's table of positions."""
        return int(self._core.config.max_position_embeddings)
