"""How well out-of-fold scores separate members from non-members, and a target from its reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from stages.core.inference.statistics import clustered_test
from stages.fidelity_detector.crossfit import CrossFitted
from stages.fidelity_detector.labels import Bools, Ints, Lesson
from stages.fidelity_detector.sets import Floats


def measured(scores: Floats, label: Bools, cluster: Ints) -> dict[str, Any]:
    """Return the AUC with its interval, clustered by speaker; None if a class has no scores."""
    known = np.isfinite(scores)
    if len(np.unique(label[known])) < 2:
        return {"auc": None, "auc_ci": None}
    found = clustered_test(scores[known], label[known], cluster[known])
    return {"auc": found.auc, "auc_ci": list(found.interval())}


def measured_by_model(found: CrossFitted, lesson: Lesson) -> dict[str, Any]:
    """Return how well scores separate the target from its reference, on the target's training clips and on others.

    Returns
    -------
    dict
        `trained` and `untrained`, each an AUC with its interval, and `detects`: ``fine-tuning`` if the two are
        separated even on clips that neither was trained on, else ``memory`` if they are separated on training clips,
        else ``nothing``.
    """
    assert found.reference is not None
    parts = {}
    for name, clips in (("trained", lesson.member), ("untrained", ~lesson.member)):
        scores = np.concatenate([found.target[clips], found.reference[clips]])
        label = np.arange(len(scores)) < int(clips.sum())
        parts[name] = measured(scores, label, np.tile(lesson.cluster[clips], 2))
    above = {name: part["auc_ci"] is not None and part["auc_ci"][0] > 0.5 for name, part in parts.items()}
    detects = "fine-tuning" if above["untrained"] else "memory" if above["trained"] else "nothing"
    return {**parts, "detects": detects}
