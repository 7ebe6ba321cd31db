"""A pretrained speech encoder with a pretrained text decoder (arXiv 2104.06678), as `transformers` composes them."""

from __future__ import annotations

from typing import Any

import torch

from stages.models.adapter import family
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.forward.components import components_of

PROJECTION = "enc_to_dec_proj"


@family("speech-encoder-decoder")
class SpeechEncoderDecoderAdapter(EncoderDecoderAdapter):
    """A checkpoint of any speech encoder and any causal decoder with cross-attention."""

    @property
    def decoder(self) -> Any:
        """The decoder without its head."""
        return self._core.decoder.base_model

    @property
    def head(self) -> Any:
        """The decoder's head, which may hold more than the matrix to the vocabulary."""
        matrix = self._core.get_output_embeddings()
        return next(part for part in self._core.decoder.children() if any(one is matrix for one in part.modules()))

    @property
    def positions(self) -> int | None:
        """Size of the decoder's table of positions, if it has one."""
        config = self._core.config.decoder
        return getattr(config, "max_position_embeddings", None)

    def crossed(self, states: torch.Tensor) -> torch.Tensor:
        """Return encoded sounds in the decoder's width."""
        projection = getattr(self._core, PROJECTION, None)
        return states if projection is None else projection(states)

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return the projection to the decoder's width, if there is one, as the connector."""
        projection = getattr(self._core, PROJECTION, None)
        return components_of(self._core, [] if projection is None else [projection], [self._core.decoder])
