"""``python -m stages.environment``: write ``data/environment.json``."""

from __future__ import annotations

from pathlib import Path

from stages.core.jsonfile import write_json
from stages.core.params import Params
from stages.core.stage import run_stage
from stages.environment.versions import environment


def main(_: str, __: Params) -> None:
    """Write the versions, with sorted keys."""
    write_json(Path("data/environment.json"), environment())


if __name__ == "__main__":
    run_stage("environment", main)
