"""Checks of the experiments and the defences before anything runs."""

from __future__ import annotations

from pathlib import Path

from stages.backdoor.defend import purifiers  # noqa: F401 (registers them)
from stages.backdoor.defend.purifier import check_purifications
from stages.backdoor.params import BackdoorParams
from stages.core.config.consistency import check_trained_on, check_uses
from stages.core.config.section import NONE


def check_params(params: BackdoorParams, path: Path) -> None:
    """Check the names of targets and corpora that experiments use, and the purifications of the defences.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    corpora, targets = set(params.corpora) | {NONE}, params.known_targets()
    for name, experiment in params.backdoor.experiments.items():
        key = f"backdoor.experiments.{name}"
        check_uses(
            [(f"{key}.base", [experiment.base], targets), (f"{key}.train_on", experiment.train_on, corpora)], path
        )
        check_trained_on(experiment.train_on, key, path)
    check_purifications(params.backdoor.defences.purify, path)
