"""What is kept of a row of logits, so that the vocabulary never reaches the disk.

Conventions: natural logarithms, nats. Row i of the logits predicts token i. All sums run over the vocabulary.
Complements 1 - p are computed from the other tokens' log-probabilities where p is large, so that a nearly certain
distribution keeps its digits in float32. Sources: VL-MIA (arXiv 2411.02902, section 4) for Rényi entropies and their
modified form; Min-K++ (arXiv 2404.02936, eq. 3) for mean and variance; Song and Mittal (arXiv 2003.10595, eq. 2) for
the modified entropy.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import torch

ORDERS = (0.5, 1.0, 2.0, inf)
MODIFIED_ORDERS = (0.5, 2.0)

# Two rows of a 150,000-word vocabulary stay in a core's cache through all the passes below; a small vocabulary takes
# more rows at a time.
_ELEMENTS_AT_ONCE = 1 << 19
_LOG_TINY = -87.0
"""About the logarithm of the smallest normal float32: stands for log 0 where a product with it must stay finite."""


def statistic_names(orders: Sequence[float] = ORDERS) -> list[str]:
    """Return the keys of `token_statistics`, in order."""
    return [
        "logprob",
        "rank",
        "mean_logprob",
        "var_logprob",
        *(f"renyi_{order:g}" for order in orders),
        "modified_entropy",
        *(f"modified_renyi_{order:g}" for order in MODIFIED_ORDERS),
        "gap",
        "hit",
    ]


def token_statistics(
    logits: torch.Tensor, token_ids: torch.Tensor, orders: Sequence[float] = ORDERS
) -> dict[str, torch.Tensor]:
    """Compute the per-token statistics of a slice.

    Parameters
    ----------
    logits : float[T, V]
        Unnormalised; -inf marks impossible tokens. V >= 2.
    token_ids : int[T]
        The token that row i predicts, in [0, V).
    orders : sequence of float
        Rényi orders, each in (0, inf].

    Returns
    -------
    dict of str to float32[T]
        ``logprob``: log p(y), -inf for an impossible token. ``rank``: 1 for the most probable, ties shared upwards.
        ``mean_logprob``, ``var_logprob``: of log p(v) under p. ``renyi_<order>``: entropies, 0 for a certain
        distribution. ``modified_entropy``, ``modified_renyi_0.5``, ``modified_renyi_2``: 0 when certain of y, large
        when certain of another. ``gap``: log p of the best less that of the second, inf if there is no second.
        ``hit``: 1.0 where y is the most probable. T = 0 gives empty tensors.
    """
    if logits.ndim != 2 or token_ids.shape != logits.shape[:1]:
        raise ValueError(f"logits {tuple(logits.shape)} and token_ids {tuple(token_ids.shape)} do not match")
    rows = max(1, _ELEMENTS_AT_ONCE // logits.shape[1])
    parts = [
        _statistics(logits[start : start + rows].float(), token_ids[start : start + rows], orders)
        for start in range(0, len(token_ids), rows)
    ]
    return {
        name: torch.cat([part[name] for part in parts]) if parts else torch.empty(0) for name in statistic_names(orders)
    }


def _statistics(logits: torch.Tensor, token_ids: torch.Tensor, orders: Sequence[float]) -> dict[str, torch.Tensor]:
    shifted = logits - logits.amax(-1, keepdim=True)  # [T, V]
    weights = shifted.exp()
    # Summed in double: over 200,000 words a float32 sum is off by 1e-5, and every statistic with it.
    total = weights.sum(-1, keepdim=True, dtype=torch.float64)
    logp = shifted - total.log().float()
    p = weights / total.float()
    index = token_ids.long()[:, None]
    logp_y = logp.gather(1, index)[:, 0]
    top, best = logp.topk(2, dim=-1)
    rank = 1 + (logits > logits.gather(1, index)).sum(-1)  # of the logits: log-probabilities may round to ties
    finite = logp.clamp_min(2 * _LOG_TINY)  # p is 0 there, and 0 * finite is 0
    mean = (p * finite).sum(-1, dtype=torch.float64).float()
    variance = (p * (finite - mean[:, None]).square_()).sum(-1)
    result = {"logprob": logp_y, "rank": rank.float(), "mean_logprob": mean, "var_logprob": variance}
    for order in orders:
        result[f"renyi_{order:g}"] = _renyi(logp, mean, top[:, 0], order)
    result |= _modified(logp, p, index, best[:, :1])
    result["gap"] = top[:, 0] - top[:, 1]
    result["hit"] = (rank == 1).float()
    return result


def _renyi(logp: torch.Tensor, mean: torch.Tensor, top: torch.Tensor, order: float) -> torch.Tensor:
    """Return H_order = log(sum p^order) / (1 - order); Shannon's at 1, -log max p at inf (formulas.md, section 2)."""
    if order == 1:
        entropy = -mean
    elif order == inf:
        entropy = -top
    else:
        entropy = torch.logsumexp(order * logp, dim=-1) / (1 - order)
    return entropy.clamp_min(0)  # rounding can leave a certain distribution at -1e-8


def _modified(logp: torch.Tensor, p: torch.Tensor, index: torch.Tensor, best: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the modified entropy and the modified Rényi entropies, whose sums over v != y need exact complements."""
    log_rest = torch.logsumexp(logp.scatter(1, best, -torch.inf), dim=-1, keepdim=True)  # log(1 - max p)
    complement = (1 - p).scatter_(1, best, log_rest.exp())
    log_complement = torch.log1p(-p).scatter_(1, best, log_rest).clamp_min_(_LOG_TINY)
    complement_y = complement.gather(1, index)[:, 0]
    logp_y = logp.gather(1, index)[:, 0].clamp_min(2 * _LOG_TINY)
    others = p.scatter(1, index, 0)
    result = {"modified_entropy": -complement_y * logp_y - (others * log_complement).sum(-1)}
    for order in MODIFIED_ORDERS:
        power = abs(1 - order)
        # 1 - x^a is taken through expm1, so that terms near 0 do not cancel.
        miss_y = complement_y * -torch.expm1(power * logp_y)
        miss_others = (others * -torch.expm1(power * log_complement)).sum(-1)
        result[f"modified_renyi_{order:g}"] = (miss_y + miss_others) / power
    return result
