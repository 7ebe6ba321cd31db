"""Run the stage: ``python -m stages.fidelity_detector --audit NAME``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from stages.core.artifacts import SCHEMAS, artifact, read_groups, read_table, write_json, write_table
from stages.core.atomic import replacing
from stages.core.folds import speaker_clusters
from stages.core.params import Params
from stages.core.randomness import seed_of
from stages.core.stage import require_declared, run_stage
from stages.core.statistics import clustered_test
from stages.fidelity_detector.crossfit import CrossFitted, crossfit, logistic_regression
from stages.fidelity_detector.detector import FidelityDetector
from stages.fidelity_detector.differences import FEATURES, Neighbourhood, differences, summaries

Floats = NDArray[np.float64]


def work(audit: str, params: Params) -> None:
    """Cross-fit the detector on the audit's clips, score them, and save one fitted on all of them."""
    require_declared(params.audits, "audits", audit)
    torch.set_num_threads(1)  # a network this small gains nothing from more
    settings, seed = params.fidelity_detector, seed_of(params.seed, "fidelity_detector", audit)
    clips = read_table(
        artifact("corpus", params.audits[audit].corpus, "clips.parquet"), ["clip_id", "member", "speaker"]
    )
    clip_ids = clips["clip_id"].to_pylist()
    names, features = _features(audit, params.audits[audit].corpus, clip_ids)
    known = np.array([value is not None for value in clips["member"].to_pylist()], dtype=bool)
    member = np.array([bool(value) for value in clips["member"].to_pylist()], dtype=bool)
    cluster, _ = speaker_clusters(clips["speaker"].to_pylist())
    network = partial(_network, settings.hidden, settings.epochs, settings.learning_rate, len(names))

    results: dict[str, CrossFitted] = {}
    if "target" in features and names:
        makers: dict[str, Callable[[int], Any]] = {"network": network, "logistic_regression": logistic_regression}
        for name, make in makers.items():
            results[name] = crossfit(
                make,
                features["target"][known],
                features["reference"][known] if "reference" in features else None,
                member[known],
                cluster[known],
                settings.folds,
                seed,
            )
    folder = artifact("fidelity_detector", audit)
    ids = [clip for clip, labelled in zip(clip_ids, known, strict=True) if labelled]
    write_table(folder / "scores.parquet", _score_table(ids, results.get("network")), SCHEMAS["detector_scores"])
    fittable = bool(results) and 0 < member[known].sum() < known.sum()
    fitted = network(seed % 2**31).fit(features["target"][known], member[known]) if fittable else None
    _save(folder, fitted, names)
    metrics = {name: _metrics(found.target, member[known], cluster[known]) for name, found in results.items()}
    write_json(
        folder / "metrics.json",
        {**metrics.get("network", {"auc": None, "auc_ci": None}), "clips": len(ids), "neighbours": names, **metrics},
    )


def _network(hidden: int, epochs: int, learning_rate: float, neighbours: int, seed: int) -> FidelityDetector:
    return FidelityDetector(
        neighbours=neighbours, hidden=hidden, epochs=epochs, learning_rate=learning_rate, random_state=seed
    )


def _features(audit: str, corpus: str, clip_ids: list[str]) -> tuple[list[str], dict[str, Floats]]:
    """Return the neighbours' names and each role's features, float64[clips, neighbours * features]."""
    where = Neighbourhood.of(
        read_table(artifact("perturbation", corpus, "neighbours.parquet"), ["neighbour_id", "clip_id", "kind"])
    )
    names, found = where.names(), {}
    for role in ("target", "reference"):
        means, pooled = summaries(
            read_groups(artifact("logits", audit, "tokens.parquet")),
            read_groups(artifact("logits", audit, "embeddings.parquet")),
            role,
        )
        if means:
            found[role] = differences(clip_ids, names, where, means, pooled).reshape(len(clip_ids), -1)
    return names, found


def _score_table(clip_ids: list[str], result: CrossFitted | None) -> pa.Table:
    """Return the network's out-of-fold scores; a clip that no fold could score is left out."""
    roles = {} if result is None else {"reference": result.reference, "target": result.target}
    rows = [
        {"clip_id": clip_id, "role": role, "score": float(scores[index])}
        for index, clip_id in enumerate(clip_ids)
        for role, scores in roles.items()
        if scores is not None and np.isfinite(scores[index])
    ]
    return pa.Table.from_pylist(rows, SCHEMAS["detector_scores"])


def _metrics(scores: Floats, member: NDArray[np.bool_], cluster: NDArray[np.intp]) -> dict[str, Any]:
    scored = np.isfinite(scores)
    if not scored.any():
        return {"auc": None, "auc_ci": None}
    found = clustered_test(scores[scored], member[scored], cluster[scored])
    return {"auc": found.auc, "auc_ci": list(found.interval())}


def _save(folder: Path, fitted: FidelityDetector | None, names: list[str]) -> None:
    """Save the detector fitted on every labelled clip, for clips of unknown membership; empty if there is none."""
    tensors, scaling = {}, {}
    if fitted is not None:
        tensors = {key: value.contiguous() for key, value in fitted.network_.state_dict().items()}
        scaling = {"center": fitted.scaler_.center_.tolist(), "scale": fitted.scaler_.scale_.tolist()}
    with replacing(folder / "detector.safetensors") as temporary:
        save_file(tensors, temporary)
    config = {"fitted": fitted is not None, "features": list(FEATURES), "neighbours": names, **scaling}
    write_json(folder / "config.json", config)


if __name__ == "__main__":
    run_stage("fidelity_detector", work, "audit")
