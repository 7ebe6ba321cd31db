"""Audio Flamingo 3 (arXiv 2507.08128): a Whisper-style encoder with pooling, a perceptron, a Qwen2 language model."""

from __future__ import annotations

from transformers import AudioFlamingo3ForConditionalGeneration

from stages.models.adapter import family
from stages.models.families.windowed import WindowedAdapter


@family("audioflamingo3")
class AudioFlamingo3Adapter(WindowedAdapter):
    """An Audio Flamingo 3 checkpoint."""

    model_class = AudioFlamingo3ForConditionalGeneration
