"""CAMIA's signals: how the loss changes along a transcript (Chang et al., arXiv 2409.13745, section 4).

The paper's settings are for texts of hundreds of tokens. The settings below are for transcripts of tens of tokens.
"""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats, Ragged, positions
from stages.attacks.registry import AttackSettings, Columns, Sheet, clip_attack, row_attack
from stages.attacks.rows import Rows
from stages.attacks.sequences import approximate_entropies
from stages.core.inference.phrases import phrases

CUT_OFF = 10
"""Number of first tokens. There the context helps least, so memory matters most."""
THRESHOLDS = (1, 2, 3)
"""Thresholds in nats: tokens with a lower loss are counted."""
_COLUMN = np.array(THRESHOLDS, np.float64)[:, None]
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
    mean, lengths = loss.means(), loss.lengths
    tokens = np.where(lengths > 0, lengths, np.nan)
    below = _below(loss, mean)
    found = {
        "camia_cut_off": -loss.mean_of_first(np.minimum(CUT_OFF, lengths)),
        "camia_slope": -_slopes(loss, mean),
        "camia_below_mean": below[-2] / tokens,
        "camia_below_running_mean": below[-1] / np.maximum(tokens - 1, 1),  # the first token has no mean before it
        "camia_lempel_ziv": -phrases(loss.values, loss.offsets) / tokens,
        "camia_approximate_entropy": -approximate_entropies(loss),
    }
    found |= {f"camia_below_{level}": count / tokens for level, count in zip(THRESHOLDS, below, strict=False)}
    if (first := rows.first_occurrences()) is not None:
        found["camia_diversity"] = -mean / Ragged(first.astype(np.float64), rows.offsets).means()
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


def _below(loss: Ragged, mean: Floats) -> Floats:
    """Return how many tokens of each row have a loss of at most each threshold: float64[k + 2, n].

    The thresholds are `THRESHOLDS`, the row's mean, and the mean of the tokens before.
    """
    thresholds = np.empty((len(THRESHOLDS) + 2, len(loss.values)))
    thresholds[:-2] = _COLUMN
    thresholds[-2] = mean[loss.owner]
    thresholds[-1] = _running_means(loss)
    counts = np.zeros((len(thresholds), len(loss.lengths)))
    filled = loss.lengths > 0
    if filled.any():
        below = loss.values <= thresholds + _ROUNDING
        counts[:, filled] = np.add.reduceat(below, loss.offsets[:-1][filled], axis=1, dtype=np.intp)
    return counts


def _running_means(loss: Ragged) -> Floats:
    """Return for each token the mean loss of the tokens before it; minus infinity for a row's first token."""
    place = positions(loss.offsets)
    before = np.concatenate([[0.0], np.cumsum(loss.values)])
    summed = before[:-1] - before[loss.offsets[:-1][loss.owner]]
    return np.where(place > 0, summed / np.maximum(place, 1), -np.inf)


def _slopes(loss: Ragged, mean: Floats) -> Floats:
    """Return each row's least-squares slope over token positions; 0 for one token, NaN for none."""
    lengths = loss.lengths
    centred = positions(loss.offsets) - ((lengths - 1) / 2)[loss.owner]
    covariance = Ragged(centred * (loss.values - mean[loss.owner]), loss.offsets).sums()
    variance = (lengths**3 - lengths) / 12  # of the positions 0 to length - 1, times the length
    slopes = covariance / np.maximum(variance, 0.5)  # two tokens have 0.5, one has 0 and no covariance
    return np.where(lengths > 0, slopes, np.nan)
