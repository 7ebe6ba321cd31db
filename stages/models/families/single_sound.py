"""Placeholder-merge decoders that encode one sound at a time: what a family states is what differs from this.

The defaults ask for what `transformers` itself offers: `get_audio_features`, `get_encoder`, `get_decoder`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

import numpy as np
import torch

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import Query
from stages.models.families.placeholder import EncodedAudio, PlaceholderAdapter
from stages.models.forward.sounds import SHORTEST


class SingleSoundAdapter(PlaceholderAdapter):
    """A placeholder-merge decoder that encodes each sound alone."""

    @abstractmethod
    def inputs(self, samples: Samples) -> dict[str, torch.Tensor]:
        """Return the model's own keyword arguments for one sound, float32[n] within the window."""

    def listen(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the encoder's output float[m, d] where it holds sound, and the audio tokens' embeddings float[n, D].

        Of several windows, all but the last are full, so what holds sound comes first.
        """
        made = self._core.get_audio_features(**inputs, return_dict=True)
        states, embedded = (
            found.reshape(-1, found.shape[-1]) for found in (made.last_hidden_state, made.pooler_output)
        )
        return states[: ceil(len(states) * self.share(inputs, seconds))], embedded

    def share(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> Fraction:
        """Return how much of the encoder's positions holds sound: the rest is silence that fills a window."""
        del inputs, seconds
        return Fraction(1)

    def hear(self, queries: Sequence[Query]) -> dict[str, EncodedAudio]:
        """Encode each distinct sound; see `PlaceholderAdapter.hear`."""
        return {name: self._heard(sound) for name, sound in {q.audio_hash: q.samples for q in queries}.items()}

    def _heard(self, samples: Samples) -> EncodedAudio:
        within = samples[: round(self.window_seconds * RATE)]
        cut = (len(samples) - len(within)) / RATE
        within = np.pad(within, (0, max(round(SHORTEST * RATE) - len(within), 0)))
        device, dtype = self._core.device, self._core.dtype
        inputs = {
            name: values.to(device, dtype) if values.is_floating_point() else values.to(device)
            for name, values in self.inputs(within).items()
        }
        state, embedded = self.listen(inputs, len(within) / RATE)
        return EncodedAudio(state, embedded, cut, self.share(inputs, len(within) / RATE))
