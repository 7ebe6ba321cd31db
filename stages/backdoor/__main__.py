"""``python -m stages.backdoor --experiment NAME``: a base and clips → poison, outcomes and what they say."""

from __future__ import annotations

import math
from dataclasses import asdict

import pyarrow as pa
import torch

from stages.backdoor import triggers  # noqa: F401 (registers them)
from stages.backdoor.check import check_attack, check_purifications
from stages.backdoor.clips import corpus_clips
from stages.backdoor.defences import defence_rows
from stages.backdoor.detection import detection_metrics
from stages.backdoor.experiment import TWIN, VICTIM, ask, attack_metrics, grid, shifts
from stages.backdoor.outcomes import Outcome
from stages.backdoor.poison import poison_table
from stages.backdoor.scan_pair import scan_pair
from stages.backdoor.victim import train_pair
from stages.core.artifacts import SCHEMAS, artifact, write_json, write_table
from stages.core.params import Params
from stages.core.rowcache import row_key
from stages.core.stage import require_declared, run_stage
from stages.target.loading import load_adapter
from stages.target.record import read_record


def work(name: str, params: Params) -> None:
    """Run one experiment."""
    require_declared(dict(params.backdoor.experiments), "backdoor.experiments", name)
    torch.set_num_threads(1)  # sums depend on how many there are, and answers are kept for whoever asks again
    experiment, base = params.backdoor.experiments[name], read_record(params.backdoor.experiments[name].base)
    check_attack(experiment.trigger, f"params.yaml: backdoor.experiments.{name}.trigger")
    if experiment.defend:
        check_purifications(params.backdoor.defences.purify)
    clips, key = corpus_clips(experiment.train_on), row_key(base.fingerprint())
    pair = train_pair(lambda: load_adapter(base), key, clips, experiment, params.backdoor, params.seed)
    outcomes = ask(VICTIM, pair.victim, pair.setting) + ask(TWIN, pair.twin, pair.setting)
    metrics = {"experiment": name, "base": experiment.base} | attack_metrics(pair.setting, outcomes)
    if experiment.localise:
        metrics["grid"], more = grid(pair)
        metrics["shift"] = shifts(pair)
        outcomes += more
    if experiment.defend:
        metrics["defences"] = defence_rows(pair.setting, pair.victim, outcomes, params.backdoor.defences)
    if experiment.detect:
        metrics["detection"] = detection_metrics(pair.setting, pair.victim, params.backdoor.detection)
        metrics["scan"] = scan_pair(pair, base, params)
    write_table(
        artifact("backdoor", name, "poison.parquet"),
        poison_table(pair.setting.poison, experiment.trigger),
        SCHEMAS["poison"],
    )
    write_table(artifact("backdoor", name, "outcomes.parquet"), _table(outcomes), SCHEMAS["outcomes"])
    write_json(artifact("backdoor", name, "metrics.json"), metrics)


def _table(outcomes: list[Outcome]) -> pa.Table:
    ordered = sorted(outcomes, key=lambda row: (row.model, row.clip_id, row.condition))
    rows = [
        asdict(row) | {"realised_snr_db": None if math.isnan(row.realised_snr_db) else row.realised_snr_db}
        for row in ordered
    ]
    return pa.Table.from_pylist(rows, SCHEMAS["outcomes"])


if __name__ == "__main__":
    run_stage("backdoor", work, "experiment")
