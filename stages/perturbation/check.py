"""What can be checked of the neighbours before anything runs; filling the registry imports no library of theirs."""

from __future__ import annotations

from pathlib import Path

import stages.perturbation  # noqa: F401 (registers the perturbations)
from stages.perturbation.params import PerturbationParams
from stages.perturbation.recipe import chosen_perturbations


def check_params(params: PerturbationParams, path: Path) -> None:
    """Check that the perturbations are registered and their settings within range.

    Raises
    ------
    EarwitnessError
        Naming the key.
    """
    del path  # `chosen_perturbations` names the key
    chosen_perturbations(params.perturbation.neighbours)
