"""Placeholder-merge decoders: the sounds of a batch are encoded together; a family's file overrides what differs.

The defaults use the interface of `transformers`: `get_audio_features`, `get_encoder`, `get_decoder`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, ClassVar

import numpy as np
import torch

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import Query
from stages.models.families.placeholder import PlaceholderAdapter
from stages.models.forward.inputs import SoundInputs, groups, on_device, together
from stages.models.forward.parts import Parts
from stages.models.forward.runs import EncodedAudio
from stages.models.forward.sounds import SHORTEST, BoundedCache


class BatchedAdapter(PlaceholderAdapter):
    """A placeholder-merge decoder that encodes the distinct sounds of a batch together.

    Sounds of one length share a batch. If the encoder masks padding, sounds of similar length do too.

    Parameters
    ----------
    parts : Parts
    """

    masked: ClassVar[bool] = False
    """Whether a sound that is padded to a longer one gives the same vectors to 1e-4."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._inputs: BoundedCache[SoundInputs] = BoundedCache(self._fitted)

    @abstractmethod
    def inputs(self, samples: Samples) -> SoundInputs:
        """Return the encoder's keyword arguments for one sound, float32[n], which fits the window."""

    def encode(
        self, batch: Mapping[str, torch.Tensor], sounds: Sequence[SoundInputs]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Encode several sounds, which `groups` put together.

        Parameters
        ----------
        batch : mapping of str to Tensor
            The joined inputs of the sounds, on the model's device.
        sounds : sequence of SoundInputs

        Returns
        -------
        list of (float[m, d], float[n, D])
            For each sound the encoder's output at the positions that hold sound, and the audio tokens' embeddings.
        """
        made = self._core.get_audio_features(**batch, return_dict=True)
        return list(zip(self.states(made, sounds), self.vectors(made, sounds), strict=True))

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """Divide the encoder's output among sounds of one length, and leave out the positions of silence.

        If a sound has several windows, all except the last are full, so the positions that hold sound come first.
        """
        return [
            states[: ceil(len(states) * sound.share)]
            for states, sound in zip(divided(made.last_hidden_state, len(sounds)), sounds, strict=True)
        ]

    def vectors(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """Divide the audio tokens' embeddings among sounds of one length."""
        return divided(made.pooler_output, len(sounds))

    def prepare(self, queries: Sequence[Query]) -> object:
        """Compute the encoder's inputs; see `Adapter.prepare`."""
        return self._inputs.get(queries)

    def hear(self, queries: Sequence[Query]) -> dict[str, EncodedAudio]:
        """Encode the distinct sounds; see `PlaceholderAdapter.hear`."""
        distinct = {query.audio_hash: query for query in queries}
        names, sounds = list(distinct), self._inputs.get(list(distinct.values()))
        heard = {}
        for group in groups(sounds, self.masked):
            members = [sounds[at] for at in group]
            batch = on_device(together(members), self._core.device, self._core.dtype)
            for at, (state, embedded) in zip(group, self.encode(batch, members), strict=True):
                sound = sounds[at]
                heard[names[at]] = EncodedAudio(
                    state, embedded, sound.seconds_cut, sound.share, sound.spelled, sound.tokens
                )
        return heard

    def _fitted(self, samples: Samples) -> SoundInputs:
        """Cut a sound to the window, pad an ultra-short one, and return its inputs."""
        within = samples[: round(self.window_seconds * RATE)]
        cut = (len(samples) - len(within)) / RATE
        within = np.pad(within, (0, max(round(SHORTEST * RATE) - len(within), 0)))
        return self.inputs(within).after_cut(cut)


def divided(values: torch.Tensor, sounds: int) -> list[torch.Tensor]:
    """Divide vectors, float[..., d], among sounds that have equally many of them: float[n, d] each."""
    return list(values.reshape(-1, values.shape[-1]).chunk(sounds))
