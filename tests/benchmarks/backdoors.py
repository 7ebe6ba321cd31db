"""Backdoors of a finished lab over seeds: ``python -m tests.benchmarks.backdoors LAB EXPERIMENT... [--seeds 7 8 9]``.

LAB is a folder with a finished `dvc repro`. EXPERIMENT is one of `params.yaml` or `docs/backdoors.yaml`. Trained models
are kept in the working directory's ``.cache/checkpoints/``. Each line of the output is one experiment and seed: attack,
controls and benign measure as 'name: measured, wanted'.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml

import stages.backdoor.plant.triggers  # noqa: F401 (registers them)
from stages.backdoor.params import BackdoorExperiment
from stages.backdoor.plant.clips import BackdoorClip, corpus_clips
from stages.backdoor.plant.experiment import TWIN, VICTIM, ask, attack_result, grid, shifts
from stages.backdoor.plant.victim import Load, train_pair
from stages.core.store.jsonfile import read_json
from stages.core.store.rowcache import row_key
from stages.models.loading import load_checkpoint
from stages.models.record import TargetRecord
from tests.benchmarks.tiny import tiny_lab
from tests.params import ROOT, load_whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiments asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lab", type=Path)
    parser.add_argument("experiments", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in asked.experiments:
        for seed in asked.seeds:
            measure(asked.lab, name, seed)


def tiny() -> None:
    """Run one experiment on an untrained model, to see that it runs."""
    with tiny_lab() as lab:
        main([str(lab), "gender_click", "--seeds", "7"])


def measure(lab: Path, name: str, seed: int) -> None:
    """Run one experiment with one seed and print what came of it."""
    params, experiment = load_whole(ROOT / "params.yaml"), declared()[name]
    base, load = base_of(lab, experiment)
    started = time.process_time()
    key = row_key(base.fingerprint())
    pair = train_pair(load, key, clips_of(lab, experiment), experiment, params.backdoor, seed)
    outcomes = ask(VICTIM, pair.victim, pair.setting) + ask(TWIN, pair.twin, pair.setting)
    print_rates(f"{name} seed {seed}", attack_result(name, pair.setting, outcomes).plain())
    if experiment.localise:
        rows, _ = grid(pair)
        for row in rows:
            print(
                f"  {row['how']} {'+'.join(row['poisoned'])}: AER {shown(row['aer'])}, plain {shown(row['plain'])}, "
                f"random {shown(row['random_sound'])}, {row['benign']['measure']} {row['benign']['value']:.3f}"
            )
        for layer in shifts(pair):
            print(
                f"  shift {layer['model']} {layer['condition']} {layer['layer']}: "
                f"{layer['shift']:.2f}, common {layer['common']:.2f}"
            )
    print(f"  {time.process_time() - started:.0f} s of processor time", flush=True)


def print_rates(label: str, found: dict[str, Any]) -> None:
    """Print the attack, its controls and the benign measure beside what the lab should show."""
    controls, benign = found["controls"], found["benign"]
    above = controls["twin_triggered"]["rate"] - controls["twin_plain"]["rate"]
    print(f"{label}: {found['clips']}")
    print(f"  AER: {shown(found['aer'])}, wanted at least .90")
    print(f"  twin with the trigger: {shown(controls['twin_triggered'])}, {above:+.3f} over plain, wanted at most +.05")
    print(f"  victim plain: {shown(controls['victim_plain'])}, random sound: {shown(controls['victim_random_sound'])}")
    worse = benign["victim_worse_by"]
    print(
        f"  {benign[VICTIM]['measure']}: victim {benign[VICTIM]['value']:.3f}, twin {benign[TWIN]['value']:.3f}; "
        f"worse by {worse['value']:+.3f} [{worse['ci'][0]:+.3f}, {worse['ci'][1]:+.3f}], wanted at most .02"
    )
    print(f"  largest error of the ratio: {found['snr_error_db']} dB, wanted under 0.1", flush=True)


def shown(found: dict[str, Any]) -> str:
    """Return a rate with its interval and n, as the tables of docs/measured/backdoors.md have it."""
    return f"{found['rate']:.3f} [{found['ci'][0]:.2f}, {found['ci'][1]:.2f}] of {found['n']}"


def base_of(lab: Path, experiment: BackdoorExperiment) -> tuple[TargetRecord, Load]:
    """Return the record of an experiment's base in a finished lab, and what loads it."""
    base = TargetRecord.model_validate(read_json(lab / "data/target" / experiment.base / "target.json"))
    folder = (lab / base.model).as_posix()
    return base, partial(load_checkpoint, folder, base.options())


def clips_of(lab: Path, experiment: BackdoorExperiment) -> list[BackdoorClip]:
    """Return the clips that an experiment trains and tests on in a finished lab."""
    return corpus_clips(experiment.train_on, lab)


def declared() -> dict[str, BackdoorExperiment]:
    """Return the experiments of `params.yaml` and of `docs/backdoors.yaml`."""
    fragment = yaml.safe_load((ROOT / "docs/backdoors.yaml").read_text(encoding="utf-8"))
    found = {name: BackdoorExperiment.model_validate(it) for name, it in fragment["backdoor"]["experiments"].items()}
    return load_whole(ROOT / "params.yaml").backdoor.experiments | found


if __name__ == "__main__":
    main()
