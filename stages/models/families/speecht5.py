"""SpeechT5 (arXiv 2110.07205), its recogniser: raw waveforms, and a decoder over characters."""

from __future__ import annotations

from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter


@family("speecht5")
class SpeechT5Adapter(EncoderDecoderAdapter):
    """A SpeechT5 checkpoint for speech to text."""
