"""``python -m stages.lab_target``: the lab's pool → the trained base and its record."""

from __future__ import annotations

from pathlib import Path

from stages.core.codeversion import code_version
from stages.core.params import Params
from stages.core.randomness import seed_of
from stages.core.stage import run_stage
from stages.lab_target.build import build_model, build_processor
from stages.lab_target.pool import teach
from stages.target.adapters.qwen2_audio import Qwen2AudioAdapter
from stages.target.checkpoint import keep_trained

NAME = "lab_base"


def work(_: str, params: Params) -> None:
    """Build and train the base."""
    seed = seed_of(params.seed, "lab_target")
    processor = build_processor()
    adapter = Qwen2AudioAdapter(build_model(processor, seed), processor)
    losses = teach(adapter, code_version("stages.lab_target.build"), params.lab_target, seed)
    keep_trained(adapter, NAME, losses, Path("data/lab_target"), params)


if __name__ == "__main__":
    run_stage("lab_target", work)
