"""Moonshine (arXiv 2410.15608): a recogniser for raw waveforms of any length."""

from __future__ import annotations

from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter


@family("moonshine")
class MoonshineAdapter(EncoderDecoderAdapter):
    """A Moonshine checkpoint."""
