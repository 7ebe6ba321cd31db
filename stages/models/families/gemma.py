"""Gemma 3n (arXiv 2507.04009) and Gemma 4: a conformer encoder, and a language model with inputs for each layer.

Each token has a vector for every layer beside its embedding. The two run through this code side by side, as one vector
a position, and are divided before the language model.

Gemma 3n sees through a model of the library `timm`. Where that is not installed, a checkpoint is loaded without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import AutoModel, PreTrainedModel
from transformers.models.gemma3n.configuration_gemma3n import Gemma3nVisionConfig
from transformers.utils.import_utils import is_timm_available

from stages.models.adapter import family
from stages.models.families.generic import MaskedAdapter
from stages.models.forward.inputs import SoundInputs
from stages.models.forward.parts import Parts


class NoVision(PreTrainedModel):
    """Stands for Gemma 3n's vision encoder; no image is ever given."""

    config_class = Gemma3nVisionConfig


if not is_timm_available():
    AutoModel.register(Gemma3nVisionConfig, NoVision, exist_ok=True)


class LayeredDecoder(torch.nn.Module):
    """A language model whose embedded input holds the inputs of its layers too.

    Parameters
    ----------
    language_model : torch.nn.Module
    """

    def __init__(self, language_model: Any) -> None:
        super().__init__()
        self.inner = language_model
        self.config = language_model.config

    def forward(self, inputs_embeds: torch.Tensor, **named: Any) -> Any:
        """Divide vectors float[rows, n, D + layers * d] and run the language model."""
        width, layers = self.config.hidden_size, self.config.num_hidden_layers
        rest = inputs_embeds[..., width:]
        of_layers = rest.reshape(*rest.shape[:-1], layers, -1) if self.layered else None
        return self.inner(inputs_embeds=inputs_embeds[..., :width], per_layer_inputs=of_layers, **named)

    @property
    def layered(self) -> bool:
        """Whether the language model has inputs for each layer; the larger ones of Gemma 4 have none."""
        return bool(getattr(self.config, "hidden_size_per_layer_input", 0))


class _GemmaAdapter(MaskedAdapter):
    """What both have in common."""

    def __init__(self, parts: Parts) -> None:
        self._decoder = LayeredDecoder(parts.model.get_decoder())
        super().__init__(parts)
        self.window_seconds = 30.0  # of their feature extractors, which cut there

    @property
    def decoder(self) -> Any:
        """The language model without its head, which takes embeddings and the inputs of layers as one."""
        return self._decoder

    @property
    def language_model(self) -> Any:
        """See `GenericAdapter.language_model`."""
        return self._decoder.inner

    def joined(self, given: Mapping[str, Any]) -> torch.Tensor:
        """See `GenericAdapter.joined`."""
        embedded: torch.Tensor = given["inputs_embeds"]
        of_layers = given["per_layer_inputs"]
        return embedded if of_layers is None else torch.cat([embedded, of_layers.flatten(-2).to(embedded.dtype)], -1)

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """See `PlaceholderAdapter.embed`."""
        embedded = super().embed(ids)
        if not self._decoder.layered:
            return embedded
        return torch.cat([embedded, self.layer_inputs(ids[None])[0].flatten(-2)], -1)

    def layer_inputs(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the inputs of the layers, float[1, n, layers, d]."""
        found: torch.Tensor = self.language_model.get_per_layer_inputs(ids)
        return found


@family("gemma3n")
class Gemma3nAdapter(_GemmaAdapter):
    """A Gemma 3n checkpoint. Each sound takes 188 positions; those without sound hold one vector."""

    masked = False  # its group norms run over padding

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.states`."""
        return [states[~padding] for states, padding in zip(made.last_hidden_state, made.audio_mel_mask, strict=True)]


@family("gemma4")
class Gemma4Adapter(_GemmaAdapter):
    """A Gemma 4 checkpoint with an audio encoder."""

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.states`."""
        return [states[held] for states, held in zip(made.last_hidden_state, made.attention_mask, strict=True)]

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """See `PlaceholderAdapter.embed`; an audio token that the model writes counts as padding."""
        return super().embed(ids.masked_fill(ids == self.audio_id, int(self.decoder.config.pad_token_id)))

    def layer_inputs(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the inputs of the layers, float[1, n, layers, d]."""
        found: torch.Tensor = self.language_model.get_per_layer_inputs(ids, None)
        return found
