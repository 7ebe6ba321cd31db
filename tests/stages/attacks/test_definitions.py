"""Row attacks from whole distributions in float64, by the published definitions written out token by token."""

import math
import zlib

import numpy as np
import pytest
import torch

from stages.attacks import AttackSettings, score
from stages.logits.statistics import token_statistics

ORDERS = (0.5, 2.0)
SHARES = (0.1, 0.3)
TEXT = "what was said"


def entropy(p: np.ndarray, order: float) -> float:
    return math.log(sum(value**order for value in p)) / (1 - order)


def shannon(p: np.ndarray) -> float:
    return -sum(value * math.log(value) for value in p)


def modified(p: np.ndarray, y: int, order: float) -> float:
    if order == 1:
        others = sum(p[v] * math.log(1 - p[v]) for v in range(len(p)) if v != y)
        return -(1 - p[y]) * math.log(p[y]) - others
    a = abs(1 - order)
    others = sum(p[v] * (1 - p[v]) ** a - p[v] for v in range(len(p)) if v != y)
    return -((1 - p[y]) * p[y] ** a - (1 - p[y]) + others) / a


def definitions(p: np.ndarray, ids: np.ndarray) -> dict[str, float]:
    tokens = len(ids)
    lp = [math.log(row[y]) for row, y in zip(p, ids, strict=True)]
    z = []
    for row, value in zip(p, lp, strict=True):
        mean = sum(v * math.log(v) for v in row)
        spread = math.sqrt(sum(v * math.log(v) ** 2 for v in row) - mean**2)
        z.append((value - mean) / spread)
    best = [sorted(row)[-2:] for row in p]
    found = {
        "loss": sum(lp) / tokens,
        "zlib": sum(lp) / tokens / len(zlib.compress(TEXT.encode())),
        "max_prob_gap": sum(math.log(high / low) for low, high in best) / tokens,
        "modified_entropy": -sum(modified(row, y, 1) for row, y in zip(p, ids, strict=True)) / tokens,
        "modified_renyi_0.5": -sum(modified(row, y, 0.5) for row, y in zip(p, ids, strict=True)) / tokens,
        "modified_renyi_2": -sum(modified(row, y, 2) for row, y in zip(p, ids, strict=True)) / tokens,
    }
    for share in SHARES:
        taken, name = max(1, math.floor(share * tokens)), round(100 * share)
        found[f"min_k@{name}"] = sum(sorted(lp)[:taken]) / taken
        found[f"max_k@{name}"] = sum(sorted(lp)[-taken:]) / taken
        found[f"min_k_pp@{name}"] = sum(sorted(z)[:taken]) / taken
        surprising = [lp[t] for t in sorted(range(tokens), key=lp.__getitem__)[:taken] if shannon(p[t]) < 2]
        found[f"surp@{name}"] = sum(surprising) / len(surprising) if surprising else 0.0
        for order in ORDERS:
            entropies = sorted(entropy(row, order) for row in p)
            found[f"max_renyi_{order:g}@{name}"] = -sum(entropies[-taken:]) / taken
            found[f"min_renyi_{order:g}@{name}"] = -sum(entropies[:taken]) / taken
            found[f"max_renyi_{order:g}@0"] = -entropies[-1]
    return found


def exact_statistics(p: np.ndarray, ids: np.ndarray) -> dict[str, np.ndarray]:
    rows = np.arange(len(ids))
    mean = (p * np.log(p)).sum(1)
    top = np.sort(np.log(p), axis=1)
    return {
        "logprob": np.log(p[rows, ids]),
        "mean_logprob": mean,
        "var_logprob": (p * np.log(p) ** 2).sum(1) - mean**2,
        "gap": top[:, -1] - top[:, -2],
        **{f"renyi_{order:g}": np.array([entropy(row, order) for row in p]) for order in ORDERS},
        "renyi_1": np.array([shannon(row) for row in p]),
        "modified_entropy": np.array([modified(row, y, 1) for row, y in zip(p, ids, strict=True)]),
        **{
            f"modified_renyi_{order:g}": np.array([modified(row, y, order) for row, y in zip(p, ids, strict=True)])
            for order in ORDERS
        },
    }


@pytest.mark.parametrize(("seed", "tokens", "words"), [(0, 1, 5), (1, 7, 5), (2, 33, 60)])
def test_scores_are_those_of_the_definitions(seed: int, tokens: int, words: int) -> None:
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((tokens, words))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    ids = rng.integers(0, words, tokens)
    expected, settings = definitions(p, ids), AttackSettings(SHARES, ORDERS)
    exact = score(exact_statistics(p, ids), TEXT, ids, settings)
    assert {name: exact[name] for name in expected} == pytest.approx(expected, abs=1e-9)
    single = token_statistics(torch.tensor(logits), torch.tensor(ids), (*ORDERS, 1.0))
    kept = score({name: values.numpy() for name, values in single.items()}, TEXT, ids, settings)
    assert {name: kept[name] for name in expected} == pytest.approx(expected, abs=2e-6)
