"""Moonshine Streaming: raw waveforms in frames of 5 ms, and an encoder whose layers look only a few frames around."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.forward.parts import Parts

FRAMES_PER_POSITION = 4
"""Two convolutions halve the number of frames each."""


@family("moonshine_streaming")
class MoonshineStreamingAdapter(EncoderDecoderAdapter):
    """A Moonshine Streaming checkpoint. Its window is that of the decoder's table of sound positions."""

    extraction: ClassVar[Mapping[str, Any]] = {"padding": True, "pad_to_multiple_of": 80, "return_attention_mask": True}

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        config = parts.model.config
        frames = config.max_position_embeddings * FRAMES_PER_POSITION
        self.window_seconds = frames * config.encoder_config.frame_ms / 1000

    def crossed(self, states: torch.Tensor) -> torch.Tensor:
        """Return a copy, because the decoder adds its positions to the encoded sounds in place."""
        return states.clone()
