"""Phi-4 multimodal (arXiv 2503.01743): a conformer encoder, a perceptron, a Phi-4-mini with updates for speech."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import gelu
from transformers import Phi4MultimodalForCausalLM

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import ADAPTERS
from stages.models.families.placeholder import PlaceholderAdapter
from stages.models.forward.parts import with_updates

SPEECH = "speech-lora"
"""The folder, within a checkpoint's, of the low-rank updates that are active when it listens."""


@ADAPTERS.register("phi4_multimodal")
class Phi4MultimodalAdapter(PlaceholderAdapter):
    """A Phi-4 multimodal checkpoint; its low-rank updates for speech are merged on loading."""

    model_class = Phi4MultimodalForCausalLM
    template = (
        "{% for message in messages %}<|{{ message['role'] }}|>{% if message['content'] is string %}"
        "{{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'audio' %}"
        "<|audio|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )

    @classmethod
    def load(
        cls, source: Path | str, revision: str | None, dtype: torch.dtype, attention: str
    ) -> Phi4MultimodalAdapter:
        """Load from a folder or the hub, with the updates for speech if the checkpoint has them."""
        adapter = super().load(source, revision, dtype, attention)
        assert isinstance(adapter, cls)
        adapter.model = with_updates(adapter.model, source, revision, SPEECH)
        return adapter

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
        """The part whose layers hear."""
        return self._ear.encoder

    def inputs(self, samples: Samples) -> dict[str, torch.Tensor]:
        """Return filter banks float32[1, frames, mels] and how many audio tokens they become."""
        made = self.parts.extractor([samples], sampling_rate=RATE, return_tensors="pt")
        return {name: made[name] for name in ("audio_input_features", "audio_embed_sizes")}

    def listen(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
        """See `PlaceholderAdapter.listen`."""
        ear = self._ear
        states = ear.encoder(inputs["audio_input_features"], None)[0]
        embedded = ear.down_proj_for_speech(gelu(ear.up_proj_for_speech(states)))
        size = int(inputs["audio_embed_sizes"][0])
        return states[:size], embedded[:size]

    @property
    def _ear(self) -> Any:
        return self._core.model.embed_tokens_extend.audio_embed
