"""A model's weights by component: encoder, connector, language model, each weight in exactly one."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stages.core.errors import EarwitnessError


def components_of(
    model: torch.nn.Module, connector: Sequence[torch.nn.Module], language_model: Sequence[torch.nn.Module]
) -> dict[str, list[torch.nn.Module]]:
    """Return a model's modules by component; whatever is neither connector nor language model is the encoder.

    So parts that no sound reaches, such as those for images, are the encoder's: no weight is left out.

    Parameters
    ----------
    model : torch.nn.Module
    connector : sequence of torch.nn.Module
        May be empty.
    language_model : sequence of torch.nn.Module
        With the head, which may share weights with it.

    Raises
    ------
    EarwitnessError
        If a weight is in no module of its own component.
    """
    named = {id(weight) for module in (*connector, *language_model) for weight in module.parameters()}
    return {
        "encoder": list(_without(model, named)),
        "connector": list(connector),
        "language_model": list(language_model),
    }


def _without(module: torch.nn.Module, named: set[int]) -> list[torch.nn.Module]:
    """Return the largest modules that hold weights, none of them named."""
    weights = {id(weight) for weight in module.parameters()}
    if weights.isdisjoint(named):
        return [module] if weights else []
    if any(id(weight) not in named for weight in module.parameters(recurse=False)):
        raise EarwitnessError(f"{type(module).__name__}: holds weights of several components: train the model whole")
    return [part for child in module.children() for part in _without(child, named)]
