"""Defences and detectors on one victim: ``python -m tests.benchmarks.defences LAB EXPERIMENT [--seed 100]``.

LAB is a folder with a finished `dvc repro`. EXPERIMENT is one of `params.yaml` or `docs/backdoors.yaml`. The output is
the tables of docs/measured/defences.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from stages.backdoor.defend.defences import defence_rows
from stages.backdoor.defend.detection import detection_metrics
from stages.backdoor.plant.experiment import VICTIM, ask
from stages.backdoor.plant.victim import trained
from stages.report.sections.backdoors.detectors import detection_rows
from stages.report.sections.backdoors.trade_off import defence_row
from tests.benchmarks.scan import setting_of
from tests.benchmarks.tiny import tiny_lab
from tests.params import ROOT, load_whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the victim, try everything, print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lab", type=Path)
    parser.add_argument("experiment")
    parser.add_argument("--seed", type=int, default=100)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    backdoor = load_whole(ROOT / "params.yaml").backdoor
    setting, _ = setting_of(asked.lab, asked.experiment, asked.seed)
    victim = trained(setting, True, tuple(setting.experiment.components))
    print_defences(defence_rows(setting, victim, ask(VICTIM, victim, setting), backdoor.defences))
    found = detection_metrics(setting, victim, backdoor.detection)
    print(f"\n{found['clips']} clips, {found['poisoned']} poisoned\n\n| detector | |\n|---|---|")
    for detector, words in detection_rows(found):
        print(f"| {detector} | {words} |")


def tiny() -> None:
    """Try everything on a victim of an untrained model, to see that it runs."""
    with tiny_lab() as lab:
        main([str(lab), "gender_click"])


def print_defences(rows: list[dict[str, Any]]) -> None:
    """Print the defences as Markdown."""
    print("| defence | components | clean clips | AER | benign | DER |\n|---|---|---|---|---|---|")
    for number, row in enumerate(rows, 1):
        shown = defence_row(number, row)
        cells = (shown.name, shown.components, shown.clips, shown.attack, shown.benign, shown.der)
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
