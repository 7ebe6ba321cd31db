"""GLM-ASR: a Whisper-style encoder with rotary positions, merged frames, a Llama language model."""

from __future__ import annotations

from transformers import GlmAsrForConditionalGeneration

from stages.models.adapter import family
from stages.models.families.windowed import WindowedAdapter


@family("glmasr")
class GlmAsrAdapter(WindowedAdapter):
    """A GLM-ASR checkpoint."""

    model_class = GlmAsrForConditionalGeneration
