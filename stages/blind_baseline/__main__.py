"""``python -m stages.blind_baseline --corpus NAME``: features and labels in, blind scores and the population out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stages.blind_baseline.baseline import Clips, FamilyScore, giveaways, metrics, population, score_families
from stages.core.artifacts import SCHEMAS, artifact, read_table, write_json, write_table
from stages.core.errors import EarwitnessError
from stages.core.folds import speaker_clusters
from stages.core.measured import read_features
from stages.core.params import Params
from stages.core.population import Population
from stages.core.randomness import generator
from stages.core.stage import require_declared, run_stage

STAGE = "blind_baseline"


def work(name: str, params: Params) -> None:
    """Predict a corpus's membership without a model."""
    require_declared(dict(params.corpora), "corpora", name)
    settings = params.blind_baseline
    clip_ids, clips, notes = _clips(name)
    names, features = read_features(name, clip_ids)
    scores, note = score_families(features, names, clips, settings, generator(params.seed, STAGE, name, "families"))
    found = population(features, clips, settings, generator(params.seed, STAGE, name, "population"))
    tells = giveaways(features[clips.known], names, clips.labels)
    notes = notes + ([note] if note else [])
    write_table(artifact(STAGE, name, "scores.parquet"), _score_table(clip_ids, scores), SCHEMAS["blind_scores"])
    write_table(artifact(STAGE, name, "matched.parquet"), _matched_table(clip_ids, clips, found), SCHEMAS["matched"])
    write_json(artifact(STAGE, name, "metrics.json"), metrics(name, clips, settings.folds, scores, found, tells, notes))


def _clips(name: str) -> tuple[list[str], Clips, list[str]]:
    table = read_table(artifact("corpus", name, "clips.parquet"), ["clip_id", "member", "speaker"])
    if not table.num_rows:
        raise EarwitnessError(f"{artifact('corpus', name, 'clips.parquet')}: no clip: see quarantine.parquet beside it")
    labels = table["member"].to_pylist()
    known = np.array([label is not None for label in labels])
    speakers = [speaker for speaker, is_known in zip(table["speaker"].to_pylist(), known, strict=True) if is_known]
    cluster, note = speaker_clusters(speakers)
    return (
        table["clip_id"].to_pylist(),
        Clips(np.array([label is True for label in labels]), known, cluster),
        ([note] if note else []),
    )


def _score_table(clip_ids: list[str], scores: dict[str, FamilyScore]) -> pa.Table:
    order = sorted(range(len(clip_ids)), key=lambda row: clip_ids[row])
    families = sorted(scores)
    return pa.table(
        {
            "clip_id": [clip_ids[row] for row in order for _ in families],
            "family": families * len(order),
            "probability": _column([scores[family].probability[row] for row in order for family in families]),
            "odds_weight": _column([scores[family].odds_weight[row] for row in order for family in families]),
        }
    )


def _column(values: list[float]) -> pa.Array:
    return pa.array(np.array(values, np.float32), from_pandas=True)


def _matched_table(clip_ids: list[str], clips: Clips, found: Population) -> pa.Table:
    rows = np.flatnonzero(clips.known)[found.indices] if found.kind == "matched" else np.zeros(0, np.intp)
    numbers = np.unique(found.pairs, return_inverse=True)[1] if len(rows) else rows
    return pa.table(
        {
            "clip_id": pa.array([clip_ids[row] for row in rows], pa.string()),
            "pair": pa.array(numbers, pa.int32()),
            "member": pa.array(clips.member[rows], pa.bool_()),
        }
    )


if __name__ == "__main__":
    run_stage(STAGE, work, "corpus")
