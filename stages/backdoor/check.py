"""What can be seen to be wrong with an experiment, the defences or the scan's bank before anything runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stages.backdoor import purifiers, triggers  # noqa: F401 (registers them)
from stages.backdoor.purifier import PURIFIERS
from stages.backdoor.trigger import TRIGGERS, check_trigger
from stages.core.backdoor_params import TriggerSettings
from stages.core.errors import EarwitnessError
from stages.core.params import Params

PARAMS = Path("params.yaml")


def check_experiments(params: Params, path: Path = PARAMS) -> None:
    """Check the triggers of all experiments and of the scan's bank, and the purifications.

    Parameters
    ----------
    params : Params
    path : Path
        Where they were read, to be named in errors.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    for name, experiment in params.backdoor.experiments.items():
        check_attack(experiment.trigger, f"{path}: backdoor.experiments.{name}.trigger")
    for name, trigger in params.backdoor.scan.bank.items():
        check_trigger(trigger, f"{path}: backdoor.scan.bank.{name}")
    check_purifications(params.backdoor.defences.purify, path)


def check_attack(trigger: TriggerSettings, place: str = "trigger") -> None:
    """Check the trigger of an attack; see `check_trigger`, and it is not the control itself.

    Raises
    ------
    EarwitnessError
    """
    check_trigger(trigger, place)
    if TRIGGERS[trigger.kind].control:
        raise EarwitnessError(
            f"{place}.kind: {trigger.kind} is the control beside every attack, and would be its own: choose another"
        )


def check_purifications(names: Iterable[str], path: Path = PARAMS) -> None:
    """Check that the purifications of the defences are known.

    Raises
    ------
    EarwitnessError
    """
    for name in names:
        if name not in PURIFIERS:
            known = ", ".join(PURIFIERS)
            raise EarwitnessError(
                f"{path}: backdoor.defences.purify: unknown input purification {name!r}: use one of {known}"
            )
