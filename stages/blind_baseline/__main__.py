"""``python -m stages.blind_baseline --corpus NAME``: reads features and labels, writes blind scores and population."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stages.blind_baseline.baseline import Description, baseline_details
from stages.blind_baseline.giveaway import giveaways, ngram_giveaways
from stages.blind_baseline.headlines import headlines
from stages.blind_baseline.matching import given_up, held_out_check, population
from stages.blind_baseline.params import BlindBaseline, BlindBaselineParams
from stages.blind_baseline.scoring import Clips, FamilyScore, score_families
from stages.blind_baseline.tables import CorpusTable, read_corpus
from stages.core.inference.folds import speaker_clusters
from stages.core.inference.population import Population
from stages.core.run.randomness import generator
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.blind_baseline import BLIND_SCORES_SCHEMA, MATCHED_SCHEMA
from stages.core.store.jsonfile import artifact, write_json
from stages.core.store.tables import write_table

STAGE = "blind_baseline"


def work(name: str, params: BlindBaselineParams) -> None:
    """Predict a corpus's membership without a model."""
    require_declared(dict(params.corpora), "corpora", name)
    settings, corpus = params.blind_baseline, read_corpus(name)
    clips, speaker_note = _clips(corpus)
    families = generator(params.seed, STAGE, name, "families")
    scores, fold_note = score_families(corpus.features, corpus.names, clips, settings, families)
    found = population(corpus.features, clips, settings, generator(params.seed, STAGE, name, "population"))
    checked = generator(params.seed, STAGE, name, "held out")
    said = describe(corpus, clips, found, settings, checked, [note for note in (speaker_note, fold_note) if note])
    write_table(artifact(STAGE, name, "scores.parquet"), _score_table(corpus.ids, scores), BLIND_SCORES_SCHEMA)
    write_table(artifact(STAGE, name, "matched.parquet"), _matched_table(corpus.ids, clips, found), MATCHED_SCHEMA)
    details = baseline_details(name, clips, settings.folds, scores, found, said)
    write_json(artifact(STAGE, name, "details.json"), details)
    write_json(artifact(STAGE, name, "metrics.json"), headlines(details))


def describe(
    corpus: CorpusTable,
    clips: Clips,
    found: Population,
    settings: BlindBaseline,
    rng: np.random.Generator,
    notes: list[str],
) -> Description:
    """Return what gives the split away, what the match leaves out, and how it holds on held-out features."""
    known = np.flatnonzero(clips.known)
    matched = found.kind == "matched"
    return Description(
        giveaways(corpus.features[known], corpus.names, clips.labels, clips.cluster),
        ngram_giveaways([corpus.texts[row] for row in known], clips.labels, clips.cluster),
        given_up(corpus.features, corpus.names, clips, found) if matched else None,
        held_out_check(corpus.features, clips, settings, rng) if matched else [],
        notes,
    )


def _clips(corpus: CorpusTable) -> tuple[Clips, str | None]:
    known = np.array([label is not None for label in corpus.labels])
    speakers = [speaker for speaker, is_known in zip(corpus.speakers, known, strict=True) if is_known]
    cluster, note = speaker_clusters(speakers)
    return Clips(np.array([label is True for label in corpus.labels]), known, cluster), note


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
    run_stage(STAGE, work, BlindBaselineParams, "corpus")
