"""``python -m stages.lab_target``: the lab's pool → the trained base and its record."""

from __future__ import annotations

from pathlib import Path

from stages.core.run.randomness import seed_of
from stages.core.run.stage import run_stage
from stages.core.store.codeversion import code_version
from stages.lab_target.build import build_adapter
from stages.lab_target.params import LabTargetParams
from stages.lab_target.pool import teach
from stages.models.checkpoint import keep_trained

NAME = "lab_base"


def work(_: str, params: LabTargetParams) -> None:
    """Build and train the base."""
    seed = seed_of(params.seed, "lab_target")
    adapter = build_adapter(seed)
    losses = teach(adapter, code_version(build_adapter.__module__), params.lab_target, seed)
    keep_trained(adapter, NAME, losses, Path("data/lab_target"), params)


if __name__ == "__main__":
    run_stage("lab_target", work, LabTargetParams)
