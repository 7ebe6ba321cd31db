"""Run the stage: ``python -m stages.fidelity_detector --audit NAME``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from threadpoolctl import threadpool_limits

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import generator, seed_of
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.fidelity_detector import DETECTOR_SCORES_SCHEMA
from stages.core.store.jsonfile import artifact, write_json
from stages.core.store.tables import write_table
from stages.fidelity_detector.crossfit import CrossFitted
from stages.fidelity_detector.gathering import Audited, read_audit
from stages.fidelity_detector.headlines import headlines
from stages.fidelity_detector.importance import importance, parts_of
from stages.fidelity_detector.labels import Bools, Lesson
from stages.fidelity_detector.learning import compared, fit_network
from stages.fidelity_detector.measures import measured, measured_by_model
from stages.fidelity_detector.params import DetectorSection, FidelityDetectorParams
from stages.fidelity_detector.saving import save
from stages.fidelity_detector.sets import Floats

STAGE = "fidelity_detector"


def work(audit: str, params: FidelityDetectorParams) -> None:
    """Cross-fit the detector on the audit's clips, score them, and save a detector that is fitted on all of them."""
    require_declared(params.audits, "audits", audit)
    torch.set_num_threads(1)  # more threads do not speed up this small network, and would change its sums
    with threadpool_limits(1):
        audited, seed = read_audit(audit, params), seed_of(params.seed, STAGE, audit)
        _write(audit, audited, params, seed)


def _write(audit: str, audited: Audited, params: FidelityDetectorParams, seed: int) -> None:
    settings, folder = params.fidelity_detector, artifact(STAGE, audit)
    lesson = _lesson(audit, audited, settings)
    found = {} if lesson is None else compared(lesson, audited.names, settings, seed)
    ids = [clip_id for clip_id, known in zip(audited.clip_ids, audited.known, strict=True) if known]
    write_table(folder / "scores.parquet", _score_table(ids, found.get("network")), DETECTOR_SCORES_SCHEMA)
    fitted = None
    if lesson is not None and found["network"].fitted:
        fitted = fit_network(audited.names, settings)(*lesson.rows(np.ones(len(ids), np.bool_)), seed % 2**31)
    about = {
        "audit": audit,
        "target": params.audits[audit].target,
        "labels": settings.labels,
        "clips": len(ids),
        "neighbours": audited.names,
        "perturbations": list(dict.fromkeys(name.rsplit("/", 1)[0] for name in audited.names)),
        "features": audited.features,
        "steps": [] if fitted is None else fitted.epochs_,
    }
    save(folder, fitted, about)
    details = _details(audit, audited, lesson, found, params)
    write_json(folder / "details.json", details)
    write_json(folder / "metrics.json", headlines(details))


def _lesson(audit: str, audited: Audited, settings: DetectorSection) -> Lesson | None:
    """Return the clips of known membership with one row of features each; None if there is nothing to compare."""
    if "target" not in audited.values or not audited.names or not audited.known.any():
        return None
    if settings.labels == "model" and "reference" not in audited.values:
        raise EarwitnessError(
            f"params.yaml: fidelity_detector.labels: model needs a reference, and audits.{audit} has none: "
            "name one, or write row"
        )
    values = {role: found.reshape(len(found), -1)[audited.known] for role, found in audited.values.items()}
    return Lesson(
        values["target"],
        values.get("reference"),
        audited.member[audited.known],
        audited.cluster[audited.known],
        settings.labels,
    )


def _score_table(clip_ids: list[str], result: CrossFitted | None) -> pa.Table:
    """Return the network's out-of-fold scores, without clips that no fold could score."""
    roles = {} if result is None else {"reference": result.reference, "target": result.target}
    rows = [
        {"clip_id": clip_id, "role": role, "score": float(scores[index])}
        for index, clip_id in enumerate(clip_ids)
        for role, scores in roles.items()
        if scores is not None and np.isfinite(scores[index])
    ]
    return pa.Table.from_pylist(rows, DETECTOR_SCORES_SCHEMA)


def _details(
    audit: str, audited: Audited, lesson: Lesson | None, found: dict[str, CrossFitted], params: FidelityDetectorParams
) -> dict[str, Any]:
    about = {"clips": int(audited.known.sum()), "neighbours": audited.names, "labels": params.fidelity_detector.labels}
    if lesson is None or not found["network"].fitted:
        return {"auc": None, "auc_ci": None, **about}
    of_each = {name: measured(result.target, lesson.member, lesson.cluster) for name, result in found.items()}
    chosen = [fitted.column for _, fitted in found["single_neighbour"].fitted]
    of_each["single_neighbour"]["chosen"] = [_column(audited, column) for column in chosen]
    if lesson.labels == "model":
        of_each |= {"by_model": measured_by_model(found["network"], lesson)}
    carried = _importance(audit, audited, lesson.target, lesson.member, found["network"], params.seed)
    return {**of_each["network"], **about, **of_each, "importance": carried}


def _column(audited: Audited, column: int) -> str:
    neighbour, feature = divmod(column, len(audited.features))
    return f"{audited.names[neighbour]} {audited.features[feature]}"


def _importance(
    audit: str, audited: Audited, values: Floats, member: Bools, network: CrossFitted, seed: int
) -> dict[str, dict[str, float]]:
    rng = generator(seed, STAGE, audit, "importance")
    groups = parts_of(audited.names, audited.kinds, audited.features)
    return {name: importance(network, values, member, parts, rng) for name, parts in groups.items()}


if __name__ == "__main__":
    run_stage(STAGE, work, FidelityDetectorParams, "audit")
