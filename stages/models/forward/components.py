"""Split a model's weights into encoder, connector and language model; each weight belongs to exactly one."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stages.core.errors import EarwitnessError


def components_of(
    model: torch.nn.Module, connector: Sequence[torch.nn.Module], language_model: Sequence[torch.nn.Module]
) -> dict[str, list[torch.nn.Module]]:
    """Return a model's modules by component; all modules outside connector and language model form the encoder.

    So the encoder includes parts that no sound reaches, such as those for images, and no weight is left out.

    Parameters
    ----------
    model : torch.nn.Module
    connector : sequence of torch.nn.Module
        May be empty.
    language_model : sequence of torch.nn.Module
        Includes the head, which may share weights with the embedding.

    Raises
    ------
    EarwitnessError
        If a weight of the encoder lies in a module that also holds weights of another component.
    """
    named = {id(weight) for module in (*connector, *language_model) for weight in module.parameters()}
    return {
        "encoder": list(_without(model, named)),
        "connector": list(connector),
        "language_model": list(language_model),
    }


def _without(module: torch.nn.Module, named: set[int]) -> list[torch.nn.Module]:
    """Return the largest modules that hold weights but none of those in `named`."""
    weights = {id(weight) for weight in module.parameters()}
    if weights.isdisjoint(named):
        return [module] if weights else []
    if any(id(weight) not in named for weight in module.parameters(recurse=False)):
        raise EarwitnessError(f"{type(module).__name__}: holds weights of several components: train the model whole")
    return [part for child in module.children() for part in _without(child, named)]
