"""Check every section of `params.yaml` with its owner's model, whenever the graph runs."""

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
        If a section is wrong or unknown; the message names the file and the key.
    """
    del params  # holds only the nouns, which are checked already
    load_sections({stage: params_model(stage) for stage in stage_names()}, path)
