"""Phi-4 multimodal (arXiv 2503.01743): a conformer encoder, a perceptron, Phi-4-mini with low-rank speech updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.nn.functional import gelu
from transformers import Phi4MultimodalForCausalLM

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import family
from stages.models.families.batched import BatchedAdapter
from stages.models.forward.components import components_of
from stages.models.forward.inputs import SoundInputs


@family("phi4_multimodal")
class Phi4MultimodalAdapter(BatchedAdapter):
    """A Phi-4 multimodal checkpoint. Its low-rank updates for speech are merged on loading."""

    model_class = Phi4MultimodalForCausalLM
    updates = "speech-lora"
    template = (
        "{% for message in messages %}<|{{ message['role'] }}|>{% if message['content'] is string %}"
        "{{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'audio' %}"
        "<|audio|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )

    @property
    def audio_id(self) -> int:
        """The placeholder token."""
        return int(self._core.config.audio_config.audio_token_id)

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self._core.model

    @property
    def encoder(self) -> Any:
        """The audio encoder."""
        return self._ear.encoder

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The perceptrons: one for speech alone, one for speech with images."""
        return [module for name, module in self._ear.named_children() if "_proj_for_" in name]

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Separate encoder and connector from the language model that contains them; see `Adapter.components`."""
        inner = self._core.model
        language_model = [inner.embed_tokens, inner.layers, inner.norm, self._core.lm_head]
        return components_of(self._core, self.connector, language_model)

    def inputs(self, samples: Samples) -> SoundInputs:
        """Return filter banks float32[1, frames, mels] and the number of their audio tokens."""
        made = self.parts.extractor([samples], sampling_rate=RATE, return_tensors="pt")
        return SoundInputs({name: made[name] for name in ("audio_input_features", "audio_embed_sizes")})

    def encode(
        self, batch: Mapping[str, torch.Tensor], sounds: Sequence[SoundInputs]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """See `BatchedAdapter.encode`."""
        ear = self._ear
        states = ear.encoder(batch["audio_input_features"], None)
        embedded = ear.down_proj_for_speech(gelu(ear.up_proj_for_speech(states)))
        sizes = batch["audio_embed_sizes"].tolist()
        return [(states[at, :size], embedded[at, :size]) for at, size in enumerate(sizes)]

    @property
    def _ear(self) -> Any:
        return self._core.model.embed_tokens_extend.audio_embed
