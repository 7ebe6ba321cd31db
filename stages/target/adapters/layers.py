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
def recorded(parts: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
    """Keep what each layer gives while the block runs.

    Parameters
    ----------
    parts : mapping of str to torch.nn.Module
        An encoder or a language model under the name that its layers are to have.

    Yields
    ------
    dict of str to float[positions, d]
        Under ``<name>.<i>``, filled as layers run; windows of one sound follow each other.
    """
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str, layer: Any, given: Any, made: Any) -> None:
        states = made[0] if isinstance(made, tuple) else made
        seen[name] = states.reshape(-1, states.shape[-1])

    handles = [
        layer.register_forward_hook(partial(keep, f"{name}.{at}"))
        for name, part in parts.items()
        for at, layer in enumerate(layer_stack(part))
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def pooled(states: Mapping[str, torch.Tensor], places: slice) -> dict[str, torch.Tensor]:
    """Return each layer's mean over some positions: float32[d]."""
    return {name: vectors[places].float().mean(0).cpu() for name, vectors in states.items()}
