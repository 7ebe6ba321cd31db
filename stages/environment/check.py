"""What is checked of `params.yaml` whenever the graph runs: every section, by its owner's model."""

from __future__ import annotations

from pathlib import Path

from stages.core.config.params import load_sections
from stages.core.run.discovery import params_model, stage_names
from stages.environment.params import EnvironmentParams


def check_params(params: EnvironmentParams, path: Path) -> None:
    """Check the sections of all stages, and that there is no other section.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    del params  # the nouns alone, which have been checked
    load_sections({stage: params_model(stage) for stage in stage_names()}, path)
