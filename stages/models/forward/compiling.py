"""Compile the layers of a model, which are alike, so that a layer's many small operations run as few."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

LEAST_ALIKE = 4
"""Smallest number of equal modules in a list that counts as the layers of a model."""


def compile_layers(models: Iterable[torch.nn.Module], trial: Callable[[], object]) -> bool:
    """Compile the layers of models in place and return whether that worked; if not, the models stay as they were.

    A layer is compiled at its first call; layers of one class are compiled once.

    Parameters
    ----------
    models : iterable of torch.nn.Module
        A list of at least `LEAST_ALIKE` modules of one class counts as layers.
    trial : callable
        Calls some of the layers. It fails where there is no compiler, for example.
    """
    layers = [
        layer
        for model in models
        for module in model.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) >= LEAST_ALIKE
        for layer in module
        if {type(layer) for layer in module} == {type(module[0])}
    ]
    for layer in layers:
        layer.compile(dynamic=True)
    try:
        trial()
    except RuntimeError:
        for layer in layers:
            layer._compiled_call_impl = None  # the only way back that torch leaves
        return False
    return bool(layers)
