"""How far the trigger moves a model's embeddings, layer by layer.

A layer's embedding of a clip is the mean of its output over positions. The shift is the distance between the means of
the clips with the trigger and of the same clips without, in units of the clips' own spread around their mean: 1 is as
far as a typical clip lies from the middle. Beside it the share of that distance which all clips move in one direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stages.target.adapter import Adapter, Query

Floats = NDArray[np.float64]


def layers_of(adapter: Adapter) -> dict[str, torch.nn.Module]:
    """Return the layers of every component by name, in the order in which sound passes them.

    Of encoder and language model these are the members of their longest list of modules; a connector is one.
    """
    layers: dict[str, torch.nn.Module] = {}
    for component, modules in adapter.components().items():
        lists = [part for module in modules for part in module.modules() if isinstance(part, torch.nn.ModuleList)]
        longest = max(lists, key=len, default=None)
        if longest is None or component == "connector":
            layers[component] = modules[0]
        else:
            layers |= {f"{component}.{number}": layer for number, layer in enumerate(longest)}
    return layers


@torch.inference_mode()
def embeddings(adapter: Adapter, queries: Sequence[Query]) -> dict[str, Floats]:
    """Return each layer's embedding of each query: float64[n, d], by the layer's name.

    Queries are run one by one: a batch is padded, and the padding would enter the means.
    """
    held: dict[str, list[Floats]] = {name: [] for name in layers_of(adapter)}

    def keep(name: str) -> Any:
        def hook(_: torch.nn.Module, __: Any, output: Any) -> None:
            states = output[0] if isinstance(output, tuple) else output
            held[name].append(states.double().reshape(-1, states.shape[-1]).mean(0).cpu().numpy())

        return hook

    handles = [layer.register_forward_hook(keep(name)) for name, layer in layers_of(adapter).items()]
    try:
        for query in queries:
            adapter.forced([query], ["transcript"])
    finally:
        for handle in handles:
            handle.remove()
    return {name: np.stack(vectors) for name, vectors in held.items()}


def relative_shift(before: Floats, after: Floats) -> dict[str, float]:
    """Return how far paired embeddings moved.

    Parameters
    ----------
    before, after : float64[n, d]
        Of the same n clips.

    Returns
    -------
    dict
        `shift`, the length of the mean movement over the root mean square distance of `before` from its mean, NaN
        where all clips are alike; `common`, the length of the mean movement over the mean length of the clips'
        movements, in [0, 1]: 1 where all move alike, NaN where none moves.
    """
    moved = after - before
    common = float(np.linalg.norm(moved.mean(0)))
    spread = float(np.sqrt(((before - before.mean(0)) ** 2).sum(1).mean()))
    lengths = float(np.linalg.norm(moved, axis=1).mean())
    return {"shift": common / spread if spread else np.nan, "common": common / lengths if lengths else np.nan}
