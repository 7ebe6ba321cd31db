"""Checks of the targets before anything is loaded."""

from __future__ import annotations

from collections.abc import Collection

from stages.models.places import check_folder
from stages.target.params import TargetParams


def check_inputs(params: TargetParams, corpora: Collection[str], targets: Collection[str]) -> None:
    """Check that each target that names a folder has a checkpoint there.

    Raises
    ------
    EarwitnessError
        If a folder has no checkpoint; the message names the key.
    """
    del corpora
    for name in sorted(set(targets) & set(params.targets)):
        check_folder(f"params.yaml: targets.{name}.model", params.targets[name].model)
