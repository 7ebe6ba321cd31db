"""Gemma 3n (arXiv 2507.04009) and Gemma 4: a conformer encoder, and a language model with inputs for each layer.

Each token has a vector for every layer beside its embedding.

Gemma 3n sees through a model of the library `timm`. Where that is not installed, a checkpoint is loaded without it.
"""

from __future__ import annotations

from collections.abc import Sequence
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


class _GemmaAdapter(MaskedAdapter):
    """What both have in common."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.window_seconds = 30.0  # of their feature extractors, which cut there

    def decoder_arguments(self, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """See `PlaceholderAdapter.decoder_arguments`; the larger models of Gemma 4 have no inputs for each layer."""
        layered = getattr(self.decoder.config, "hidden_size_per_layer_input", 0)
        return {"per_layer_inputs": self.layer_inputs(token_ids)} if layered else {}

    def layer_inputs(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the inputs of the layers, float[R, n, layers, d], of token ids int64[R, n]."""
        found: torch.Tensor = self.decoder.get_per_layer_inputs(ids)
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
        return super().embed(self._known(ids))

    def layer_inputs(self, ids: torch.Tensor) -> torch.Tensor:
        """See `_GemmaAdapter.layer_inputs`; an audio token counts as padding."""
        found: torch.Tensor = self.decoder.get_per_layer_inputs(self._known(ids), None)
        return found

    def _known(self, ids: torch.Tensor) -> torch.Tensor:
        return ids.masked_fill(ids == self.audio_id, int(self.decoder.config.pad_token_id))


@family("gemma4_unified")
class Gemma4UnifiedAdapter(Gemma4Adapter):
    """A Gemma 4 checkpoint that projects pieces of the waveform and has no encoder: its projection stands for one."""

    @property
    def encoder(self) -> Any:
        """The projection."""
        return self._core.model.embed_audio

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.states`."""
        return [states[: len(sound.tokens)] for states, sound in zip(made, sounds, strict=True)]
