"""CAMIA's signals: how the loss changes along a transcript (Chang et al., arXiv 2409.13745, section 4).

The paper's settings are for texts of hundreds of tokens. The settings below are for transcripts of tens of tokens.
"""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats, Ragged, positions
from stages.attacks.registry import AttackSettings, Columns, Sheet, clip_attack, row_attack
from stages.attacks.rows import Rows
from stages.attacks.sequences import approximate_entropies, phrases

CUT_OFF = 10
"""Number of first tokens. There the context helps least, so memory matters most."""
THRESHOLDS = (1, 2, 3)
"""Thresholds in nats: tokens with a lower loss are counted."""
_ROUNDING = 1e-9


@row_attack("camia", needs=("logprob",))
def camia(rows: Rows, settings: AttackSettings) -> Columns:
    """Return the signals ``camia_<name>``, each with the sign that makes higher = more like a member.

    ``cut_off``: mean log-probability of the first 10 tokens. ``diversity``: mean log-probability divided by the share
    of distinct tokens (with token ids only). ``slope``: fall of the loss in nats per token (least squares).
    ``below_<nats>``, ``below_mean``, ``below_running_mean``: share of tokens whose loss is at most the threshold, the
    transcript's mean, or the mean of the tokens before. ``lempel_ziv``: negated phrases per token.
    ``approximate_entropy``: negated. Signals that need two tokens are 0 for one token.
    """
    logprob = rows.statistic("logprob")
    loss = Ragged(-logprob.values, logprob.offsets)
    mean = loss.means()
    found = {
        "camia_cut_off": -loss.mean_of_first(np.minimum(CUT_OFF, loss.lengths)),
        "camia_slope": -_slopes(loss),
        "camia_below_mean": _share(loss, mean[loss.owner]),
        "camia_below_running_mean": _below_running_mean(loss),
        "camia_lempel_ziv": -phrases(loss) / np.where(loss.lengths > 0, loss.lengths, np.nan),
        "camia_approximate_entropy": -approximate_entropies(loss),
    }
    for threshold in THRESHOLDS:
        found[f"camia_below_{threshold}"] = _share(loss, np.full(len(loss.values), float(threshold)))
    if (first := rows.first_occurrences()) is not None:
        found["camia_diversity"] = -mean / rows.ragged(first.astype(np.float64)).means()
    return found


@clip_attack("camia")
def combined(sheet: Sheet) -> Columns:
    """Return ``camia``: 1 minus the mean of the signals' p values.

    A signal's p value is the share of the audit's clips that score at least as high. This is Edgington's sum of
    p values. It compares with all clips of the audit instead of known non-members, so that it uses no label.
    """
    signals = [column for name, column in sheet.columns.items() if name.startswith("camia_")]
    if not signals:
        return {}
    with np.errstate(invalid="ignore"):
        return {"camia": 1 - np.mean([_empirical_p(column) for column in signals], axis=0)}


def _empirical_p(column: Floats) -> Floats:
    """Return for each score the share of scores that are at least as high, itself included; NaN for NaN."""
    known = np.sort(column[np.isfinite(column)])
    above = len(known) - np.searchsorted(known, column, side="left")
    return np.where(np.isfinite(column), above / max(len(known), 1), np.nan)


def _share(loss: Ragged, threshold: Floats) -> Floats:
    below = loss.values <= threshold + _ROUNDING
    return Ragged(below.astype(np.float64), loss.offsets).means()


def _slopes(loss: Ragged) -> Floats:
    """Return each row's least-squares slope over token positions; 0 for one token, NaN for none."""
    place = positions(loss.offsets).astype(np.float64)
    centred = place - ((loss.lengths - 1) / 2)[loss.owner]
    covariance = Ragged(centred * (loss.values - loss.means()[loss.owner]), loss.offsets).sums()
    variance = Ragged(centred**2, loss.offsets).sums()
    slopes = np.divide(covariance, variance, out=np.zeros(len(variance)), where=variance > 0)
    return np.where(loss.lengths > 0, slopes, np.nan)


def _below_running_mean(loss: Ragged) -> Floats:
    """Return the share of tokens, from the second on, whose loss is at most the mean before it; 0 for one token."""
    place = positions(loss.offsets)
    before = np.concatenate([[0.0], np.cumsum(loss.values)])
    summed = before[:-1] - before[loss.offsets[:-1][loss.owner]]
    level = np.divide(summed, place, out=np.full(len(place), np.nan), where=place > 0)
    below = np.where(place > 0, loss.values <= level + _ROUNDING, np.nan)
    return np.where(loss.lengths == 1, 0.0, Ragged.of(below, loss.offsets).means())
