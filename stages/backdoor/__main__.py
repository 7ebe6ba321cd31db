"""``python -m stages.backdoor --experiment NAME``: a base and clips → poison, outcomes and what they say."""

from __future__ import annotations

import math
from dataclasses import asdict

import pyarrow as pa
import torch

from stages.backdoor.defend.defences import defence_rows
from stages.backdoor.defend.detection import detection_metrics
from stages.backdoor.headlines import headlines
from stages.backdoor.measure.outcomes import TriggerOutcome
from stages.backdoor.params import BackdoorParams
from stages.backdoor.plant import triggers  # noqa: F401 (registers them)
from stages.backdoor.plant.clips import corpus_clips
from stages.backdoor.plant.experiment import TWIN, VICTIM, ask, attack_result, grid, shifts
from stages.backdoor.plant.poison import poison_table
from stages.backdoor.plant.victim import train_pair
from stages.backdoor.scan.experiment_scan import scan_pair
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.backdoor import OUTCOMES_SCHEMA, POISON_SCHEMA
from stages.core.store.jsonfile import artifact, write_json
from stages.core.store.rowcache import row_key
from stages.core.store.tables import write_table
from stages.models.loading import load_adapter
from stages.models.record import read_record


def work(name: str, params: BackdoorParams) -> None:
    """Run one experiment."""
    require_declared(dict(params.backdoor.experiments), "backdoor.experiments", name)
    torch.set_num_threads(1)  # sums depend on how many there are, and answers are kept for whoever asks again
    experiment, base = params.backdoor.experiments[name], read_record(params.backdoor.experiments[name].base)
    clips, key = corpus_clips(experiment.train_on), row_key(base.fingerprint())
    pair = train_pair(lambda: load_adapter(base), key, clips, experiment, params.backdoor, params.seed)
    outcomes = ask(VICTIM, pair.victim, pair.setting) + ask(TWIN, pair.twin, pair.setting)
    # What the experiment does not ask for is left out of the file.
    details = attack_result(name, pair.setting, outcomes).model_dump(mode="json", exclude_unset=True)
    if experiment.localise:
        details["grid"], more = grid(pair)
        details["shift"] = shifts(pair)
        outcomes += more
    if experiment.defend:
        details["defences"] = defence_rows(pair.setting, pair.victim, outcomes, params.backdoor.defences)
    if experiment.detect:
        details["detection"] = detection_metrics(pair.setting, pair.victim, params.backdoor.detection)
        details["scan"] = {model: found.plain() for model, found in scan_pair(pair, base, params).items()}
    write_table(
        artifact("backdoor", name, "poison.parquet"),
        poison_table(pair.setting.poison, experiment.trigger),
        POISON_SCHEMA,
    )
    write_table(artifact("backdoor", name, "outcomes.parquet"), _table(outcomes), OUTCOMES_SCHEMA)
    write_json(artifact("backdoor", name, "details.json"), details)
    write_json(artifact("backdoor", name, "metrics.json"), headlines(details))


def _table(outcomes: list[TriggerOutcome]) -> pa.Table:
    ordered = sorted(outcomes, key=lambda row: (row.model, row.clip_id, row.condition))
    rows = [
        asdict(row) | {"realised_snr_db": None if math.isnan(row.realised_snr_db) else row.realised_snr_db}
        for row in ordered
    ]
    return pa.Table.from_pylist(rows, OUTCOMES_SCHEMA)


if __name__ == "__main__":
    run_stage("backdoor", work, BackdoorParams, "experiment")
