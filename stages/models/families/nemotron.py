"""Nemotron 3 Omni and 3.5 Transcribe: encoders, and a language model of state-space, attention and expert layers.

The state of the state-space layers is one for a whole row, so that rows share no beginnings; see `LanguageModel.packs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from stages.core.sound.audio import Samples
from stages.models.adapter import family
from stages.models.families.generic import GenericAdapter
from stages.models.forward.components import components_of


@family("nemotron_h_omni")
class NemotronOmniAdapter(GenericAdapter):
    """A Nemotron 3 Omni checkpoint with an audio encoder."""

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self._core.language_model.base_model

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The projector of sounds."""
        return [self._core.embed_audio]

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits of the language model's own head."""
        logits: torch.Tensor = self._core.language_model.get_output_embeddings()(hidden)
        return logits

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """See `Adapter.components`."""
        return components_of(self._core, self.connector, [self._core.language_model])

    def spelled(self, made: Mapping[str, Any], samples: Samples) -> tuple[tuple[str, str], ...]:
        """See `GenericAdapter.spelled`; this processor does not report what it writes."""
        processor = self.parts.processor
        written = processor.audio_start_token + self._audio + processor.audio_end_token
        return ((self._audio, written),)


@family("nemo_speechlm")
class NemotronTranscribeAdapter(GenericAdapter):
    """A Nemotron 3.5 Transcribe checkpoint, whose encoder also marks who speaks."""
