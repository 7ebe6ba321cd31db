"""What can be seen to be wrong with an experiment, the defences or the scan's bank before anything runs."""

from __future__ import annotations

from pathlib import Path

from stages.backdoor.defend import purifiers  # noqa: F401 (registers them)
from stages.backdoor.defend.purifier import check_purifications
from stages.backdoor.params import BackdoorParams
from stages.backdoor.plant import triggers  # noqa: F401 (registers them)
from stages.backdoor.plant.trigger import check_attack, check_trigger
from stages.core.config.consistency import check_trained_on, check_uses
from stages.core.config.section import NONE


def check_params(params: BackdoorParams, path: Path) -> None:
    """Check names, the triggers of all experiments and of the scan's bank, and the purifications.

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
        check_attack(experiment.trigger, f"{path}: {key}.trigger")
    for name, trigger in params.backdoor.scan.bank.items():
        check_trigger(trigger, f"{path}: backdoor.scan.bank.{name}")
    check_purifications(params.backdoor.defences.purify, path)
