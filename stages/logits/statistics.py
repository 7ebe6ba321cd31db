"""Statistics of each row of logits. Only these are stored, never a row over the whole vocabulary.

Conventions: natural logarithms, nats. Row i of the logits predicts token i. Sums run over all tokens except the most
probable one, whose weight before normalising is exactly 1. So a nearly certain distribution keeps its precision in
float32, and 1 - p of the most probable token is never computed as a difference. Sources: VL-MIA (arXiv 2411.02902,
section 4) for Rényi entropies and their modified form; Min-K++ (arXiv 2404.02936, eq. 3) for mean and variance; Song
and Mittal (arXiv 2003.10595, eq. 2) for the modified entropy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import torch

ORDERS = (0.5, 1.0, 2.0, inf)
MODIFIED_ORDERS = (0.5, 2.0)

# On a CPU, a few rows of a vocabulary of 150,000 tokens stay in a core's cache during all passes below; a small
# vocabulary allows more rows at a time. On a GPU, larger parts use all its cores.
_ELEMENTS_AT_ONCE = 1 << 19
_ELEMENTS_AT_ONCE_ON_GPU = 1 << 26
_BLOCK = 512
"""Tokens in a block. The argmax first finds the best block, then searches it: a plain argmax is ten times slower."""
_LARGE = 0.01
"""Probability above which a token's term is computed exactly; at most a hundred tokens are above it. The other terms
are summed as a series with three powers of p; the rest of the series is below 3e-7 of the sum."""
_LEAST_EXPONENT = -10_000.0
"""Used as the base-2 logarithm of an impossible token's weight, so that its product with that weight is 0."""
_FAINT = -60.0
"""Base-2 logarithm below which weights come close to float32's smallest; their logarithms are summed instead."""


def statistic_names(orders: Sequence[float] = ORDERS) -> list[str]:
    """Return the keys of the result of `token_statistics`, in order."""
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
        when certain of another. ``gap``: log p of the most probable less that of the second, inf if none.
        ``hit``: 1.0 where y is the most probable. T = 0 gives empty tensors.
    """
    if logits.ndim != 2 or token_ids.shape != logits.shape[:1]:
        raise ValueError(f"logits {tuple(logits.shape)} and token_ids {tuple(token_ids.shape)} do not match")
    at_once = _ELEMENTS_AT_ONCE if logits.device.type == "cpu" else _ELEMENTS_AT_ONCE_ON_GPU
    rows = max(1, at_once // logits.shape[1])
    # Allocated once, because new memory costs as much time as all the passes over it.
    memory = torch.empty(3, min(rows, len(logits)), logits.shape[1], device=logits.device)
    parts = [
        _statistics(logits[start : start + rows].float(), token_ids[start : start + rows], orders, memory)
        for start in range(0, len(token_ids), rows)
    ]
    return {
        name: torch.cat([part[name] for part in parts]).float() if parts else torch.empty(0, device=logits.device)
        for name in statistic_names(orders)
    }


@dataclass(frozen=True)
class _Sums:
    """Sums over the vocabulary, float64[T] each: over all tokens v except the best, with w(v) = p(v) / p(best).

    Attributes
    ----------
    weights : sum of w
    log_weights : logarithm of `weights`, also valid if the sum is too small for float32
    exponents : sum of w log w
    squares, cubes, fourths : sums of w^2, w^3, w^4
    log_total : log(1 + sum of w), which is -log p(best)
    """

    weights: torch.Tensor
    log_weights: torch.Tensor
    exponents: torch.Tensor
    squares: torch.Tensor
    cubes: torch.Tensor
    fourths: torch.Tensor
    log_total: torch.Tensor


def _statistics(
    logits: torch.Tensor, token_ids: torch.Tensor, orders: Sequence[float], memory: torch.Tensor
) -> dict[str, torch.Tensor]:
    index = token_ids.to(logits.device, torch.int64)[:, None]
    best = _argmax(logits)[:, None]
    logit, top = logits.gather(1, index), logits.gather(1, best)
    exponents, weights, scratch = memory[:, : len(logits)]
    rank = 1 + torch.gt(logits, logit, out=scratch).sum(-1)  # compares logits, because rounded differences may tie
    # To base 2, because powers of 2 are three times faster than powers of e.
    torch.sub(logits, top, out=exponents).mul_(1 / log(2)).clamp_(min=_LEAST_EXPONENT)
    torch.exp2(exponents, out=weights).scatter_(1, best, 0)
    second = exponents.scatter_(1, best, _LEAST_EXPONENT).amax(-1).double()
    sums = _sums(exponents, weights, second, scratch)
    logprob = (logit.double() - top.double())[:, 0] - sums.log_total
    mean = sums.exponents / sums.log_total.exp() - sums.log_total
    result = {"logprob": logprob, "rank": rank, "mean_logprob": mean}
    result["var_logprob"] = _variance(exponents, weights, sums, scratch)
    for order in orders:
        result[f"renyi_{order:g}"] = _renyi(exponents, weights, sums, mean, order, scratch)
    result |= _modified(weights, sums, logprob, index == best, scratch)
    result["gap"] = torch.where(second > _LEAST_EXPONENT, -second * log(2), inf)
    result["hit"] = rank == 1
    return result


def _argmax(logits: torch.Tensor) -> torch.Tensor:
    """Return the index of a largest value of each row, int64[T]."""
    whole = logits.shape[1] // _BLOCK * _BLOCK
    if whole < 2 * _BLOCK:
        return logits.argmax(-1)
    blocks = logits[:, :whole].reshape(len(logits), -1, _BLOCK)
    block = blocks.amax(-1).argmax(-1)
    values, places = blocks[torch.arange(len(logits), device=logits.device), block].max(-1)
    found = block * _BLOCK + places
    if whole < logits.shape[1]:
        rest, places = logits[:, whole:].max(-1)
        found = torch.where(rest > values, whole + places, found)
    return found


def _sums(exponents: torch.Tensor, weights: torch.Tensor, second: torch.Tensor, scratch: torch.Tensor) -> _Sums:
    """Reduce log2 w and w, float32[T, V], where the best token's w is 0; `scratch` is overwritten."""
    total = _sum(weights)
    log_total = total.log()
    faint = second < _FAINT
    if faint.any():
        log_total[faint] = torch.logsumexp(exponents[faint].double() * log(2), -1)
    mixed = _sum(torch.mul(weights, exponents, out=scratch)) * log(2)
    squares = _sum(torch.square(weights, out=scratch))
    cubes = _sum(scratch.mul_(weights))
    fourths = _sum(scratch.mul_(weights))
    return _Sums(total, log_total, mixed, squares, cubes, fourths, total.log1p())


def _sum(values: torch.Tensor) -> torch.Tensor:
    """Sum float32[T, V] over V to float64[T]; the sum is pairwise, so that the error does not grow with V."""
    return values.sum(-1).double()


def _variance(exponents: torch.Tensor, weights: torch.Tensor, sums: _Sums, scratch: torch.Tensor) -> torch.Tensor:
    """Return the variance of log p under p, around its mean; sums of squares would lose digits for similar tokens."""
    total = sums.log_total.exp()
    centre = sums.exponents / total / log(2)  # of log2 w
    away = torch.sub(exponents, centre.float()[:, None], out=scratch)
    others = _sum(away.square_().mul_(weights))
    return (others + centre**2) / total * log(2) ** 2


def _renyi(
    exponents: torch.Tensor, weights: torch.Tensor, sums: _Sums, mean: torch.Tensor, order: float, scratch: torch.Tensor
) -> torch.Tensor:
    """Return H_order = log(sum p^order) / (1 - order); Shannon's at 1, -log max p at inf (arXiv 2411.02902, eq. 3)."""
    if order == 1:
        return -mean
    if order == inf:
        return sums.log_total
    if order == 2:
        powers = sums.squares
    elif order == 0.5:
        powers = _sum(torch.sqrt(weights, out=scratch))
    else:
        powers = _sum(torch.mul(exponents, order, out=scratch).exp2_())
    entropy = (powers.log1p() - order * sums.log_total) / (1 - order)
    return entropy.clamp_min(0)  # rounding can give -1e-17 for a certain distribution


def _modified(
    weights: torch.Tensor, sums: _Sums, logprob: torch.Tensor, is_best: torch.Tensor, scratch: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the modified entropy and the modified Rényi entropies.

    All are ``(1 - p_y) g(p_y) + sum over v != y of p_v g(1 - p_v)`` with ``g(x) = (1 - x^a) / a``. The limit of g for
    a = 0 is -log x, which gives the modified entropy.
    """
    total = sums.log_total.exp()
    y, log_y, best_y = logprob.exp(), logprob.clamp_min(_LEAST_EXPONENT), is_best[:, 0]
    miss_y = torch.where(best_y, sums.weights / total, 1 - y)
    row, column = torch.gt(weights, (_LARGE * total).float()[:, None], out=scratch).nonzero(as_tuple=True)
    large = weights[row, column].double() / total[row]
    result = {}
    for name, power in (("modified_entropy", 0.0), *((f"modified_renyi_{a:g}", abs(1 - a)) for a in MODIFIED_ORDERS)):
        others = _series(sums.squares / total**2, sums.cubes / total**3, sums.fourths / total**4, power)
        exact = large * _miss(torch.log1p(-large), power)
        others = others.index_add(0, row, exact - _series(large**2, large**3, large**4, power))
        others = torch.where(best_y, others, others - y * _miss(torch.log1p(-y), power))
        of_best = _miss(sums.log_weights - sums.log_total, power) / total
        result[name] = miss_y * _miss(log_y, power) + others.clamp_min(0) + torch.where(best_y, 0, of_best)
    return result


def _miss(log_x: torch.Tensor, power: float) -> torch.Tensor:
    """Return (1 - x^power) / power, or -log x for a power of 0; expm1 keeps the precision for x near 1."""
    return -torch.expm1(power * log_x) / power if power else -log_x


def _series(squares: torch.Tensor, cubes: torch.Tensor, fourths: torch.Tensor, power: float) -> torch.Tensor:
    """Return sum p g(1 - p) as a series in p, from the expansion of `_miss` around 1."""
    second = (1 - power) / 2
    return squares + second * (cubes + (2 - power) / 3 * fourths)
