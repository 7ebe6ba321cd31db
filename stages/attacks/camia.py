"""CAMIA's signals: how the loss runs along a transcript (Chang et al., arXiv 2409.13745, section 4).

The paper's settings are for texts of hundreds of tokens; those below are for transcripts of tens.
"""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats, Ragged, positions
from stages.attacks.registry import AttackSettings, Columns, Sheet, clip_attack, row_attack
from stages.attacks.rows import Rows
from stages.attacks.sequences import approximate_entropies, phrases

CUT_OFF = 10
"""Tokens at the beginning, where the context says least and memory most."""
THRESHOLDS = (1, 2, 3)
"""Losses in nats below which tokens are counted."""
_ROUNDING = 1e-9


@row_attack("camia", "logprob")
def camia(rows: Rows, settings: AttackSettings) -> Columns:
    """Return the signals ``camia_<name>``, each turned so that higher = more like a member.

    ``cut_off``: mean log-probability of the first 10 tokens. ``diversity``: mean log-probability over the share of
    distinct tokens (with token ids only). ``slope``: by how many nats a token the loss falls (least squares).
    ``below_<nats>``, ``below_mean``, ``below_running_mean``: share of tokens with a loss at most so high, at most the
    transcript's mean, at most the mean of the tokens before. ``lempel_ziv``: negated phrases per token.
    ``approximate_entropy``: negated. One token gives 0 for what needs two.
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
    """Return ``camia``: one less the mean over signals of p, the share of the audit's clips that score as high.

    Edgington's sum of p values, against all clips of the audit instead of known non-members, so that no label is used.
    """
    signals = [column for name, column in sheet.columns.items() if name.startswith("camia_")]
    if not signals:
        return {}
    with np.errstate(invalid="ignore"):
        return {"camia": 1 - np.mean([_empirical_p(column) for column in signals], axis=0)}


def _empirical_p(column: Floats) -> Floats:
    """Return the share of scores that are at least as high as each one, itself among them; NaN for NaN."""
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
    """Return the share of tokens, from the second on, with a loss at most the mean of those before; 0 for one token."""
    place = positions(loss.offsets)
    before = np.concatenate([[0.0], np.cumsum(loss.values)])
    summed = before[:-1] - before[loss.offsets[:-1][loss.owner]]
    level = np.divide(summed, place, out=np.full(len(place), np.nan), where=place > 0)
    below = np.where(place > 0, loss.values <= level + _ROUNDING, np.nan)
    return np.where(loss.lengths == 1, 0.0, Ragged.of(below, loss.offsets).means())
