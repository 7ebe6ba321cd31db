"""Check the perturbations before anything runs. Filling the registry imports none of their libraries."""

from __future__ import annotations

from pathlib import Path

import stages.neighbours.perturbations  # noqa: F401 (registers the perturbations)
from stages.neighbours.recipe import chosen_perturbations
from stages.perturbation.params import PerturbationParams


def check_params(params: PerturbationParams, path: Path) -> None:
    """Check that the perturbations are registered and their settings within range.

    Raises
    ------
    EarwitnessError
        Naming the key.
    """
    del path  # the error of `chosen_perturbations` names the key
    chosen_perturbations(params.perturbation.neighbours)
