"""``python -m stages.report``: read what every audit left, write the page and `verdict.json`."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from stages.core.config.nouns import Audit
from stages.core.config.section import NONE
from stages.core.inference.statistics import roc
from stages.core.run.stage import run_stage
from stages.core.store.jsonfile import artifact, read_json, write_json, write_text
from stages.core.store.tables import read_table
from stages.report.backdoors import backdoor_view
from stages.report.leakage import leakage_verdict, leakage_view
from stages.report.page import render
from stages.report.params import ReportParams
from stages.report.plots import Curve
from stages.report.view import AuditFigures, audit_view

FOLDER = Path("data/report")


def main(name: str, params: ReportParams) -> None:
    """Write the report of all audits that `params.yaml` names; what it no longer names is not read."""
    del name  # the stage has no items
    audits = {audit: _figures(audit, declared) for audit, declared in params.audits.items()}
    leakage = {audit: _leakage(audit) for audit in params.attribute_leakage.audits}
    views = [leakage_view(metrics, probes) for metrics, probes in leakage.values()]
    experiments = [artifact("backdoor", experiment, "metrics.json") for experiment in params.backdoor.experiments]
    backdoors = [backdoor_view(read_json(path)) for path in experiments]
    page = render(params.report.title, [audit_view(figures) for figures in audits.values()], views, backdoors)
    verdicts = {audit: figures.verdict for audit, figures in audits.items()}
    verdicts["leakage"] = {audit: leakage_verdict(metrics) for audit, (metrics, _) in leakage.items()}
    write_json(FOLDER / "verdict.json", verdicts)
    write_text(FOLDER / "report.html", page)


def _figures(name: str, audit: Audit) -> AuditFigures:
    target = read_json(artifact("target", audit.target, "target.json"))
    seconds = read_table(artifact("corpus", audit.corpus, "clips.parquet"), ["seconds"])["seconds"]
    metrics = read_json(artifact("evaluation", name, "metrics.json"))
    quarantine = read_table(artifact("corpus", audit.corpus, "quarantine.parquet"), ["reason"])
    return AuditFigures(
        metrics=metrics,
        verdict=read_json(artifact("evaluation", name, "verdict.json")),
        blind=read_json(artifact("blind_baseline", audit.corpus, "metrics.json")),
        target=target,
        reference={} if audit.reference == NONE else read_json(artifact("target", audit.reference, "target.json")),
        # Without what a reason says of its one clip, such as its seconds.
        quarantine=dict(sorted(Counter(reason.split(" (")[0] for reason in quarantine["reason"].to_pylist()).items())),
        clips=len(seconds),
        cut=metrics.get("window", {}).get("clips_cut", 0),
        curves=[*_attack_curves(artifact("evaluation", name, "roc.csv")), *_blind_curve(audit.corpus)],
    )


def _leakage(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    folder = artifact("attribute_leakage", name)
    return read_json(folder / "metrics.json"), read_table(folder / "probes.parquet").to_pylist()


def _attack_curves(path: Path) -> list[Curve]:
    """Read the primary attacks' ROC curves on the corpus as given."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["clips"] == "whole":
                point = (float(row["false_positive_rate"]), float(row["true_positive_rate"]))
                points[row["attack"]].append(point)
    return [Curve(name, *np.asarray(found).T) for name, found in points.items()]


def _blind_curve(corpus: str) -> list[Curve]:
    """Draw the blind baseline's ROC curve from its out-of-fold scores; none where membership is of one kind."""
    clips = read_table(artifact("corpus", corpus, "clips.parquet"), ["clip_id", "member"]).to_pylist()
    member = {clip["clip_id"]: clip["member"] for clip in clips}
    scores = read_table(artifact("blind_baseline", corpus, "scores.parquet"), ["clip_id", "family", "probability"])
    fused = scores.filter(pc.equal(scores["family"], "fused")).to_pylist()
    known = [row for row in fused if member.get(row["clip_id"]) is not None and row["probability"] is not None]
    labels = np.array([member[row["clip_id"]] for row in known], dtype=bool)
    if not labels.any() or labels.all():
        return []
    probability: Any = np.array([row["probability"] for row in known], dtype=np.float64)
    return [Curve("without the model (blind baseline)", *roc(probability, labels), blind=True)]


if __name__ == "__main__":
    run_stage("report", main, ReportParams)
