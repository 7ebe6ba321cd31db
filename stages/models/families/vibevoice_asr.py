"""VibeVoice-ASR (arXiv 2601.18184): two convolutional encoders over 24 kHz and a Qwen2 language model.

The prompt states how long the sound is. Its released answers are lists of segments with times and speakers; the
transcript of a corpus is scored as such an answer would be, token by token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import family
from stages.models.families.generic import GenericAdapter
from stages.models.forward.inputs import SoundInputs


@family("vibevoice_asr")
class VibeVoiceAsrAdapter(GenericAdapter):
    """A VibeVoice-ASR checkpoint. Its encoder's noise is left out, so that a sound has one score."""

    always: ClassVar[dict[str, object]] = {"sample": False}

    @property
    def encoder(self) -> Any:
        """The acoustic encoder."""
        return self._core.model.acoustic_tokenizer_encoder

    def spelled(self, made: Mapping[str, Any], samples: Samples) -> tuple[tuple[str, str], ...]:
        """See `GenericAdapter.spelled`; the processor writes the duration too."""
        rate = self.parts.extractor.sampling_rate
        duration = round(len(samples) * rate / RATE) / rate
        return (*super().spelled(made, samples), (self.parts.processor.audio_duration_token, f"{duration:.2f}"))

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.states`."""
        return list(made.latents)
