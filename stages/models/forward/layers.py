"""What every layer of a target makes of a sound: its mean over the positions that hold sound.

Sounds run one at a time, so that nothing is padded and no row depends on another; hooks keep what the layers give, so
that no family needs code of its own for them. The language model runs as far as the sound reaches: it is causal, so
what stands after the sound has no say in these positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from stages.core.errors import EarwitnessError

STACKS = ("layers", "encoders", "h", "blocks")
"""What architectures call their list of layers."""


def layer_stack(module: Any) -> torch.nn.ModuleList:
    """Return a part's list of layers: the outermost, for inner ones belong to other parts, such as an image encoder.

    Raises
    ------
    EarwitnessError
        If it has none under any name of `STACKS`.
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
    """Keep what each layer of a part gives while the block runs.

    Parameters
    ----------
    name : str
    part : torch.nn.Module
        An encoder or a language model.
    entering : bool
        Keep what enters the first layer as well, as ``<name>.input``: what an encoder's convolutions make of a sound,
        before any layer has taken from it what its task does not need.

    Yields
    ------
    dict of str to float[positions, d]
        Under ``<name>.<i>``, filled as layers run; windows of one sound follow each other.
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
    """Return each layer's mean over some positions: float32[d]."""
    return {name: vectors[places].float().mean(0).cpu() for name, vectors in states.items()}
