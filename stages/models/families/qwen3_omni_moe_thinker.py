"""Qwen3-Omni's thinker (arXiv 2509.17765): an encoder over blocks of sound, and a Qwen3 mixture of experts.

Only the thinker of a full checkpoint is loaded, as for Qwen2.5-Omni.
"""

from __future__ import annotations

import torch
from transformers import Qwen3OmniMoeThinkerForConditionalGeneration
from transformers.models.qwen3_omni_moe.modeling_qwen3_omni_moe import _get_feat_extract_output_lengths

from stages.models.adapter import family
from stages.models.families.qwen2_5_omni_thinker import Qwen25OmniAdapter


@family("qwen3_omni_moe")
@family("qwen3_omni_moe_thinker")
class Qwen3OmniAdapter(Qwen25OmniAdapter):
    """A Qwen3-Omni checkpoint, the full one or the thinker alone."""

    model_class = Qwen3OmniMoeThinkerForConditionalGeneration
    template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
        "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
        "{% if part['type'] == 'audio' %}<|audio_start|><|audio_pad|><|audio_end|>{% else %}{{ part['text'] }}"
        "{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The encoder's last layers, which are the projection."""
        return [self.encoder.proj1, self.encoder.proj2]

    def audio_tokens(self, frames: torch.Tensor) -> torch.Tensor:
        """See `Qwen25OmniAdapter.audio_tokens`."""
        tokens: torch.Tensor = _get_feat_extract_output_lengths(frames)
        return tokens
