"""Check the feature families before anything runs. Filling the registry imports none of their libraries."""

from __future__ import annotations

from pathlib import Path

import stages.features  # noqa: F401 (registers the families)
from stages.features.params import FeaturesParams
from stages.features.table import chosen_families


def check_params(params: FeaturesParams, path: Path) -> None:
    """Check that the families are registered.

    Raises
    ------
    EarwitnessError
        Naming the key.
    """
    del path  # the error of `chosen_families` names the key
    chosen_families(params.features.families)
