"""Qwen3-ASR (arXiv 2601.21337): an encoder over blocks of sound and a Qwen3 language model.

Every answer begins with ``language X<asr_text>``. This beginning is part of the prompt here, as in the processor's own
requests that name a language, so that it is neither scored nor generated.
"""

from __future__ import annotations

from transformers.audio_utils import prepare_language_inputs
from transformers.models.qwen3_asr.processing_qwen3_asr import LANGUAGE_CODE_TO_NAME

from stages.core.errors import EarwitnessError
from stages.models.adapter import family
from stages.models.families.generic import MaskedAdapter
from stages.models.forward.parts import Parts

UNSTATED = "en"
"""The language of transcripts where `LoadOptions` states none."""


@family("qwen3_asr")
class Qwen3AsrAdapter(MaskedAdapter):
    """A Qwen3-ASR checkpoint."""

    takes_language = True

    def __init__(self, parts: Parts) -> None:
        asked = parts.options.language or UNSTATED
        try:
            (language,) = prepare_language_inputs(asked, 1, LANGUAGE_CODE_TO_NAME, return_code=False)
        except ValueError as error:
            raise EarwitnessError(f"language {asked!r}: {str(error).splitlines()[0]}") from error
        self.prefix = f"language {language}<asr_text>"
        super().__init__(parts)
