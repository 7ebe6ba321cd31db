"""Record the output of every layer of a target for a sound, as the mean over the positions that hold sound.

Sounds run one at a time, so that nothing is padded and no row depends on another. Hooks record the outputs of the
layers, so that no family needs code of its own. The language model runs only to the end of the sound: it is causal, so
later tokens do not change these positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from stages.core.errors import EarwitnessError

STACKS = ("layers", "layer", "encoders", "h", "blocks", "conformer")
"""Names under which architectures keep their list of layers."""


def layer_stack(module: Any) -> torch.nn.ModuleList:
    """Return a part's outermost list of layers; inner lists belong to other parts, such as an image encoder.

    Raises
    ------
    EarwitnessError
        If the part has no list of layers under any name of `STACKS`.
    """
    stacks = {
        name: child
        for name, child in module.named_modules()
        if isinstance(child, torch.nn.ModuleList) and name.rsplit(".", 1)[-1] in STACKS
    }
    if not stacks:
        raise EarwitnessError(
            f"{type(module).__name__}: no list of layers under any of {', '.join(STACKS)}: its layers cannot be probed"
        )
    return stacks[min(stacks, key=lambda name: name.count("."))]


@contextmanager
def recorded(name: str, part: Any, *, entering: bool = False) -> Iterator[dict[str, torch.Tensor]]:
    """Record the output of each layer of a part while the block runs.

    Parameters
    ----------
    name : str
        Prefix of the keys.
    part : torch.nn.Module
        An encoder or a language model.
    entering : bool
        Also record the input of the first layer, as ``<name>.input``. For an encoder, this is the output of its
        convolutions, before any layer has removed information that the task does not need.

    Yields
    ------
    dict of str to float[positions, d]
        By ``<name>.<i>``, filled as the layers run. The windows of one sound follow each other.
    """
    seen: dict[str, torch.Tensor] = {}

    def keep(place: str, states: torch.Tensor) -> None:
        seen[f"{name}.{place}"] = states.reshape(-1, states.shape[-1])

    def given(layer: Any, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        keep("input", values[0] if values else named["hidden_states"])

    def made(place: str, layer: Any, values: Any, states: Any) -> None:
        keep(place, states[0] if isinstance(states, tuple) else states)

    stack = layer_stack(part)
    handles = [layer.register_forward_hook(partial(made, str(at))) for at, layer in enumerate(stack)]
    if entering:
        handles.append(stack[0].register_forward_pre_hook(given, with_kwargs=True))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def pooled(states: Mapping[str, torch.Tensor], places: slice) -> dict[str, torch.Tensor]:
    """Return each layer's mean over the positions of a slice: float32[d]."""
    return {name: vectors[places].float().mean(0).cpu() for name, vectors in states.items()}
