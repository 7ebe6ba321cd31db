"""Checks of the targets before anything is loaded."""

from __future__ import annotations

from collections.abc import Collection

from stages.models.places import check_folder, check_parts
from stages.target.params import TargetParams


def check_inputs(params: TargetParams, corpora: Collection[str], targets: Collection[str]) -> None:
    """Check that each target that names a folder has a checkpoint there, and a processor where it names one.

    Raises
    ------
    EarwitnessError
        If a folder has no checkpoint or processor; the message names the key.
    """
    del corpora
    for name in sorted(set(targets) & set(params.targets)):
        check_folder(f"params.yaml: targets.{name}.model", params.targets[name].model)
        check_parts(f"params.yaml: targets.{name}", params.targets[name])
