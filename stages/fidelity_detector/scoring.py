"""Apply a saved detector to other clips: of unknown membership, of another audit, or of another target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Floats
from stages.core.run.stage import require_declared
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table
from stages.core.words.figures import estimate
from stages.fidelity_detector.gathering import Audited, read_audit
from stages.fidelity_detector.measures import measured
from stages.fidelity_detector.params import FidelityDetectorParams
from stages.fidelity_detector.saving import SavedDetector, load

STAGE = "fidelity_detector"

Row = dict[str, Any]


def score(name: str, detector: str, params: FidelityDetectorParams) -> list[Row]:
    """Score every clip of an audit, or of a corpus, with the detector that an audit fitted.

    Parameters
    ----------
    name : str
        An audit, or a corpus that an audit combines with the detector's own target.
    detector : str
        The audit that fitted the detector.
    params : FidelityDetectorParams

    Returns
    -------
    list of dict
        Sorted by clip_id: ``clip_id``, ``score`` (log-odds of membership), ``probability``, ``member`` (true, false or
        None) and ``scored``. This is ``detector``, or ``out_of_fold`` for a clip that the detector was fitted on, whose
        score comes from a detector of another fold.

    Raises
    ------
    EarwitnessError
        If a name is not declared, artifacts are missing, or the clips lack neighbours that the detector needs.
    """
    require_declared(params.audits, "audits", detector)
    audit = _audit_of(name, detector, params)
    with _one_thread():
        audited = read_audit(audit, params)
        scores, scored = _scores(load(artifact(STAGE, detector)), audited, audit == detector, detector)
    return [
        {
            "clip_id": clip_id,
            "score": float(scores[row]),
            "probability": float(1 / (1 + np.exp(-scores[row]))),
            "member": bool(audited.member[row]) if audited.known[row] else None,
            "scored": scored[row],
        }
        for row, clip_id in enumerate(audited.clip_ids)
    ]


def transfer(audits: Sequence[str], params: FidelityDetectorParams) -> list[Row]:
    """Return the AUC of each audit's detector on each audit, for the target and for the reference.

    Returns
    -------
    list of dict
        ``detector``, ``audit``, ``role``, ``auc`` and ``auc_ci``. An audit's own clips have out-of-fold scores.
    """
    with _one_thread():
        read = {audit: read_audit(audit, params) for audit in audits}
        detectors = {audit: load(artifact(STAGE, audit)) for audit in audits}
        return [
            _transferred(detector, audit, role, detectors[detector], read[audit])
            for detector in audits
            for audit in audits
            for role in ("target", "reference")
            if role in read[audit].values
        ]


def as_table(rows: Iterable[Row], role: str) -> str:
    """Return a transfer table of one role as Markdown: one line per detector, one column per audit."""
    of_role = [row for row in rows if row["role"] == role]
    cells = {(row["detector"], row["audit"]): estimate(row["auc"], row["auc_ci"], places=3) for row in of_role}
    audits = list(dict.fromkeys(audit for _, audit in cells))
    lines = [["detector", *audits], ["---"] * (len(audits) + 1)]
    lines += [[name, *(cells[name, audit] for audit in audits)] for name in dict.fromkeys(name for name, _ in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _transferred(detector: str, audit: str, role: str, saved: SavedDetector, audited: Audited) -> Row:
    scores, _ = _scores(saved, audited, audit == detector, detector, role)
    known = audited.known
    found = measured(scores[known], audited.member[known], audited.cluster[known])
    return {"detector": detector, "audit": audit, "role": role, **found}


def _scores(
    saved: SavedDetector, audited: Audited, own: bool, detector: str, role: str = "target"
) -> tuple[Floats, list[str]]:
    """Return each clip's score, and how it was scored."""
    if role not in audited.values:
        raise EarwitnessError(f"no statistics of the {role}: audio does not reach it, or the audit has none")
    scores = saved.log_odds(audited.values[role], audited.names, audited.features)
    how = ["detector"] * len(scores)
    if own:
        table = read_table(artifact(STAGE, detector, "scores.parquet"))
        at = {clip_id: row for row, clip_id in enumerate(audited.clip_ids)}
        for row in table.to_pylist():
            if row["role"] == role:
                scores[at[row["clip_id"]]] = row["score"]
                how[at[row["clip_id"]]] = "out_of_fold"
    return scores, how


def _audit_of(name: str, detector: str, params: FidelityDetectorParams) -> str:
    """Return the audit of this name, or the first that combines a corpus of this name with the detector's target."""
    if name in params.audits:
        return name
    target = params.audits[detector].target
    fits = [audit for audit, asked in params.audits.items() if (asked.corpus, asked.target) == (name, target)]
    if name not in params.corpora:
        raise EarwitnessError(f"params.yaml: {name!r} is neither an audit nor a corpus: declare it")
    if not fits:
        raise EarwitnessError(f"params.yaml: audits: none has the corpus {name!r} and the target {target!r}: add one")
    return fits[0]


def _one_thread() -> Any:
    torch.set_num_threads(1)
    return threadpool_limits(1)
