"""Qwen2.5-Omni's thinker (arXiv 2503.20215): an encoder over blocks of two seconds, and a Qwen2.5 language model.

Only the thinker of a full checkpoint is loaded, because the parts that generate speech do not change its text. The
target's record names the thinker's architecture in both cases, and so it selects this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from transformers import Qwen2_5OmniThinkerForConditionalGeneration

from stages.core.sound.audio import Samples
from stages.models.adapter import family
from stages.models.families.batched import BatchedAdapter
from stages.models.forward.inputs import SoundInputs
from stages.models.forward.parts import Parts
from stages.models.forward.sounds import SoundCache


@family("qwen2_5_omni")
@family("qwen2_5_omni_thinker")
class Qwen25OmniAdapter(BatchedAdapter):
    """A Qwen2.5-Omni checkpoint, the full one or the thinker alone."""

    masked = True
    model_class: ClassVar[Any] = Qwen2_5OmniThinkerForConditionalGeneration
    template = (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% for message in messages %}"
        "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        "{% for part in message['content'] %}{% if part['type'] == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>"
        "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.window_seconds = float(parts.extractor.chunk_length)
        self._sounds = SoundCache(parts.extractor, self.window_seconds, trimmed=True)

    def inputs(self, samples: Samples) -> SoundInputs:
        """Return log-mel features float32[1, mels, frames], without the silence that fills a window."""
        sound = self._sounds.sound(samples)
        features = sound.features[None, :, : sound.frames]
        mask = torch.ones(1, sound.frames, dtype=torch.int64)
        return SoundInputs({"input_features": features, "feature_attention_mask": mask})

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.states`; the encoder leaves out padding, and gives one position for each audio token."""
        return self._divided(made.last_hidden_state, sounds)

    def vectors(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.vectors`."""
        return self._divided(made.pooler_output, sounds)

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The encoder's last layer, which is the projection."""
        return [self.encoder.proj]

    def _divided(self, vectors: torch.Tensor, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        frames = torch.tensor([sound.tensors["feature_attention_mask"].shape[1] for sound in sounds])
        return list(torch.split(vectors, self.audio_tokens(frames).tolist()))

    def audio_tokens(self, frames: torch.Tensor) -> torch.Tensor:
        """Return the number of audio tokens of sounds of so many frames."""
        tokens: torch.Tensor = self.encoder._get_feat_extract_output_lengths(frames)[1]
        return tokens
