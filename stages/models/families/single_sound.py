"""Placeholder-merge decoders that encode one sound at a time; a family's file overrides what differs.

The defaults use the interface of `transformers`: `get_audio_features`, `get_encoder`, `get_decoder`.
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
    """A placeholder-merge decoder that encodes each sound by itself."""

    @abstractmethod
    def inputs(self, samples: Samples) -> dict[str, torch.Tensor]:
        """Return the encoder's keyword arguments for one sound, float32[n], which fits the window."""

    def listen(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the encoder's output float[m, d] for the sound, and the audio tokens' embeddings float[n, D].

        If there are several windows, all except the last are full, so the positions that hold sound come first.
        """
        made = self._core.get_audio_features(**inputs, return_dict=True)
        states, embedded = (
            found.reshape(-1, found.shape[-1]) for found in (made.last_hidden_state, made.pooler_output)
        )
        return states[: ceil(len(states) * self.share(inputs, seconds))], embedded

    def share(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> Fraction:
        """Return the share of the encoder's positions that hold sound; the rest is silence that fills a window."""
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
