"""Read the artifacts of an audit of membership. This file names every artifact that the section reads."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from stages.core.config.nouns import Audit
from stages.core.config.section import NONE
from stages.core.inference.statistics import roc
from stages.core.results.corpus import CorpusSummary
from stages.core.store.csvfile import read_csv
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table
from stages.report.plots import Curve
from stages.report.sections.membership.view import AuditFigures

EVALUATION, DETAILS, VERDICT, ROC = "evaluation", "details.json", "verdict.json", "roc.csv"
BLIND_BASELINE, BLIND_DETAILS, BLIND_SCORES = "blind_baseline", "details.json", "scores.parquet"
CORPUS, CLIPS, SUMMARY = "corpus", "clips.parquet", "summary.json"
TARGET, RECORD = "target", "target.json"


def read_audit(name: str, audit: Audit) -> AuditFigures:
    """Read the figures of one audit, of its corpus and of its models."""
    details = read_json(artifact(EVALUATION, name, DETAILS))
    summary = CorpusSummary.model_validate(read_json(artifact(CORPUS, audit.corpus, SUMMARY)))
    return AuditFigures(
        details=details,
        verdict=read_json(artifact(EVALUATION, name, VERDICT)),
        blind=read_json(artifact(BLIND_BASELINE, audit.corpus, BLIND_DETAILS)),
        target=read_json(artifact(TARGET, audit.target, RECORD)),
        reference={} if audit.reference == NONE else read_json(artifact(TARGET, audit.reference, RECORD)),
        quarantine=summary.set_aside,
        clips=summary.clips,
        cut=details.get("window", {}).get("clips_cut", 0),
        curves=[*_attack_curves(artifact(EVALUATION, name, ROC)), *_blind_curve(audit.corpus)],
    )


def _attack_curves(path: Path) -> list[Curve]:
    """Read the primary attacks' ROC curves on the corpus as given."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in read_csv(path):
        if row["clips"] == "whole":
            points[row["attack"]].append((float(row["false_positive_rate"]), float(row["true_positive_rate"])))
    return [Curve(name, *np.asarray(found).T) for name, found in points.items()]


def _blind_curve(corpus: str) -> list[Curve]:
    """Return the blind baseline's ROC curve from its out-of-fold scores; none if all clips are members, or none is."""
    clips = read_table(artifact(CORPUS, corpus, CLIPS), ["clip_id", "member"]).to_pylist()
    member = {clip["clip_id"]: clip["member"] for clip in clips}
    scores = read_table(artifact(BLIND_BASELINE, corpus, BLIND_SCORES), ["clip_id", "family", "probability"])
    fused = scores.filter(pc.equal(scores["family"], "fused")).to_pylist()
    known = [row for row in fused if member.get(row["clip_id"]) is not None and row["probability"] is not None]
    labels = np.array([member[row["clip_id"]] for row in known], dtype=bool)
    if not labels.any() or labels.all():
        return []
    probability: Any = np.array([row["probability"] for row in known], dtype=np.float64)
    return [Curve("without the model (blind baseline)", *roc(probability, labels), blind=True)]
