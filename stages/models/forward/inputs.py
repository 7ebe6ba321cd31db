"""The encoder's inputs for one sound, and for several sounds together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import torch
from torch.nn.functional import pad

from stages.models.forward.transfer import to_device

VALUES_AT_ONCE = 1 << 24
"""Largest number of input values of the sounds that are encoded together; 40 windows of 30 s with 128 mels."""
PADDING = 1.25
"""Largest ratio of the longest to the shortest sound that are padded to one length."""


@dataclass(frozen=True)
class SoundInputs:
    """What a model's encoder takes for one sound.

    Attributes
    ----------
    tensors : dict of str to Tensor
        Keyword arguments by name. The first axis counts windows, or is 1.
    seconds_cut : float
        Seconds of audio beyond the window, which were cut.
    share : Fraction
        Share of the values that hold sound; the rest is silence that fills a window.
    tokens : list of int
        The tokens from the first placeholder to the last, if the processor states them. A few models write the time
        between placeholders.
    spelled : tuple of (str, str)
        What the processor writes into a prompt for this sound: a text of the prompt, and what replaces it.
    """

    tensors: dict[str, torch.Tensor]
    seconds_cut: float = 0.0
    share: Fraction = Fraction(1)
    tokens: list[int] = field(default_factory=list)
    spelled: tuple[tuple[str, str], ...] = ()

    def after_cut(self, seconds: float) -> SoundInputs:
        """Return the same inputs with the seconds that were cut before."""
        return replace(self, seconds_cut=seconds)

    @property
    def nbytes(self) -> int:
        """Size of the tensors in bytes."""
        return sum(values.nbytes for values in self.tensors.values())

    @property
    def size(self) -> int:
        """Number of values."""
        return max(values.numel() for values in self.tensors.values())

    @property
    def shapes(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The shape of each tensor."""
        return tuple((name, tuple(values.shape)) for name, values in self.tensors.items())


def groups(sounds: Sequence[SoundInputs], masked: bool) -> Iterator[list[int]]:
    """Divide sounds into groups that are encoded together.

    Parameters
    ----------
    sounds : sequence of SoundInputs
    masked : bool
        Whether the encoder masks padding, so that sounds of similar length can be padded to the longest. If not, a
        group holds sounds of one length, so that no sound depends on another.

    Yields
    ------
    list of int
        Indices of sounds.
    """
    order = sorted(range(len(sounds)), key=lambda at: (sounds[at].size, sounds[at].shapes))
    group: list[int] = []
    for at in order:
        first = sounds[group[0]] if group else sounds[at]
        fits = sounds[at].size <= PADDING * first.size if masked else sounds[at].shapes == first.shapes
        if not fits or (len(group) + 1) * sounds[at].size > max(VALUES_AT_ONCE, sounds[at].size):
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def together(sounds: Sequence[SoundInputs]) -> dict[str, torch.Tensor]:
    """Return the tensors of several sounds as one batch, padded with zeros at their ends to the largest."""
    return {name: _joined([sound.tensors[name] for sound in sounds]) for name in sounds[0].tensors}


def _joined(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    largest = [max(sizes) for sizes in zip(*(values.shape[1:] for values in tensors), strict=True)]
    return torch.cat([_padded(values, largest) for values in tensors])


def _padded(values: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    missing = [wanted - have for wanted, have in zip(sizes, values.shape[1:], strict=True)]
    if not any(missing):
        return values
    return pad(values, [width for less in reversed(missing) for width in (0, less)])


def on_device(tensors: Mapping[str, torch.Tensor], device: torch.device, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Return tensors on a device, those of floats in a data type."""
    return {name: to_device(values, device, dtype) for name, values in tensors.items()}
