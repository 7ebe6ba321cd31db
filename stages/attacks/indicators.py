"""The LALM paper's supervised attack: thirty indicators and a logistic regression (arXiv 2603.28378, section 3.2).

The indicators form seven families: perplexity, zlib, maximum-probability gap, entropy, Min-K, Max-K, MaxRényi. The
paper fits and scores in ten folds of rows. Here no speaker is in two folds, and scaling and penalty are chosen within
the training folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from stages.attacks.crossfit import Predict, out_of_fold
from stages.attacks.loss import loss
from stages.attacks.max_prob_gap import max_prob_gap
from stages.attacks.max_renyi import max_renyi
from stages.attacks.min_k import min_k
from stages.attacks.ragged import Floats
from stages.attacks.registry import ROW_ATTACKS, AttackSettings, Known, Learned, Sheet, labelled_attack
from stages.attacks.rows import Rows
from stages.attacks.zlib import zlib
from stages.core.inference.statistics import column_aucs

_GRID = AttackSettings(shares=(0.1, 0.2, 0.3, 0.4, 0.5, 1.0), orders=(0.5, 1.0, 2.0, inf))
_PERCENTS = (10, 20, 30, 40, 50)
INDICATORS = (
    "loss",
    "zlib",
    "max_prob_gap",
    "max_renyi_1@100",
    *(f"min_k@{percent}" for percent in _PERCENTS),
    *(f"max_k@{percent}" for percent in _PERCENTS),
    *(f"max_renyi_{order:g}@{percent}" for order in _GRID.orders for percent in (0, 10, 20, 50)),
)
"""The thirty indicators' names. ``max_renyi_1@100`` is the mean Shannon entropy."""
STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse penalties to choose from within the training folds."""
_SOURCES = {"loss": loss, "zlib": zlib, "max_prob_gap": max_prob_gap, "min_k": min_k, "max_renyi": max_renyi}


def indicators(rows: Rows) -> Floats:
    """Return the indicators of every row: float64[n, 30]; NaN where the statistic is missing."""
    found: dict[str, Floats] = {}
    for name, function in _SOURCES.items():
        if all(need in rows.statistics for need in ROW_ATTACKS[name].needs):
            found |= function(rows, _GRID)
    missing = np.full(len(rows), np.nan)
    return np.column_stack([found.get(name, missing) for name in INDICATORS])


@labelled_attack("supervised")
def supervised(target: Sheet, reference: Sheet | None, known: Known) -> dict[str, Learned]:
    """Return ``supervised``: out-of-fold log-odds of membership, for even prior odds.

    For a p value, the whole procedure, choice of the penalty included, is repeated for each permutation of the labels.
    p is the share of AUCs that are at least as high as the true one, which is counted too.
    """
    tables = [target.indicators, *([] if reference is None else [reference.indicators])]
    found = _scored(known, tables)
    p = _permutation_p(target.indicators, found[0], known)
    return {"supervised": Learned(found[0], found[1] if len(found) > 1 else None, p)}


def _scored(known: Known, tables: Sequence[Floats]) -> list[Floats]:
    """Return out-of-fold scores of every table by models that are fitted on the first table."""
    return out_of_fold(known, tables, lambda train: _nested(tables[0], known, train))


def _permutation_p(table: Floats, scores: Floats, known: Known) -> float | None:
    scored = np.isfinite(scores) & known.labelled
    if not known.permutations.shape[1] or not scored.any():
        return None
    null = []
    for labels in known.permutations.T:
        by_chance = _scored(replace(known, member=labels), [table])[0]
        null.append(_auc(by_chance[scored], labels[scored]))
    return float((1 + np.sum(np.array(null) >= _auc(scores[scored], known.member[scored]))) / (1 + len(null)))


def _nested(table: Floats, known: Known, train: NDArray[np.bool_]) -> Predict:
    """Fit on `train` with the penalty that does best in folds of `train`."""
    inner = replace(known, labelled=train)
    strength = max(STRENGTHS, key=lambda tried: _inner_auc(table, inner, tried))
    return _fit(table, known.member, train, strength)


def _inner_auc(table: Floats, known: Known, strength: float) -> float:
    scores = out_of_fold(known, [table], lambda train: _fit(table, known.member, train, strength))[0]
    scored = known.labelled & np.isfinite(scores)
    return float(np.nan_to_num(_auc(scores[scored], known.member[scored]), nan=0.5)) if scored.any() else 0.5


def _fit(table: Floats, member: NDArray[np.bool_], train: NDArray[np.bool_], strength: float) -> Predict:
    """Fit one regression. A row without tokens gets no score; an unknown indicator gets its training mean."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    level = np.nanmean(np.where(np.isfinite(table[train]).any(axis=0), table[train], 0.0), axis=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000, class_weight="balanced"))
    model.fit(np.where(np.isnan(table[train]), level, table[train]), member[train])

    def predict(rows: Floats) -> Floats:
        scores = np.asarray(model.decision_function(np.where(np.isnan(rows), level, rows)), np.float64)
        return np.where(np.isnan(rows).all(axis=1), np.nan, scores)

    return predict


def _auc(scores: Floats, member: NDArray[np.bool_]) -> float:
    return float(column_aucs(scores[:, None], member[:, None])[0])
