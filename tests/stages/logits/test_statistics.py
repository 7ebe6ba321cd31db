"""Token statistics against float64 definitions and values derived by hand."""

from math import inf, log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.logits.statistics import ORDERS, statistic_names, token_statistics


def reference(logits: np.ndarray, token_ids: np.ndarray) -> dict[str, np.ndarray]:
    """Return the definitions of formulas.md in float64, with 1 - p summed over the other tokens."""
    z = logits.astype(np.float64)
    z = z - z.max(-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(-1, keepdims=True))
    p = np.exp(logp)
    best = p.argmax(-1)
    complement = 1 - p
    for row, column in enumerate(best):
        complement[row, column] = np.delete(p[row], column).sum()
    rows = np.arange(len(token_ids))
    y, q_y = p[rows, token_ids], complement[rows, token_ids]
    others = p.copy()
    others[rows, token_ids] = 0
    finite = np.maximum(logp, -1e4)
    ordered = np.sort(logp, -1)
    result = {
        "logprob": logp[rows, token_ids],
        "rank": 1.0 + (logp > logp[rows, token_ids][:, None]).sum(-1),
        "mean_logprob": (p * finite).sum(-1),
        "gap": ordered[:, -1] - ordered[:, -2],
        "hit": (logp[rows, token_ids] == ordered[:, -1]).astype(float),
        "renyi_1": -(p * finite).sum(-1),
        "renyi_0.5": 2 * np.log(np.sqrt(p).sum(-1)),
        "renyi_2": -np.log((p**2).sum(-1)),
        "renyi_inf": -ordered[:, -1],
        "modified_entropy": -q_y * np.log(y) - (others * np.log(np.maximum(complement, 1e-300))).sum(-1),
    }
    result["var_logprob"] = (p * (finite - result["mean_logprob"][:, None]) ** 2).sum(-1)
    for order in (0.5, 2.0):
        a = abs(1 - order)
        inner = q_y * y**a - q_y + (others * complement**a).sum(-1) - others.sum(-1)
        result[f"modified_renyi_{order:g}"] = -inner / a
    return result


@pytest.mark.parametrize("vocabulary", [50, 5_000, 200_000])
@pytest.mark.parametrize("scale", [0.1, 3.0, 15.0])
def test_agrees_with_float64(vocabulary: int, scale: float) -> None:
    rng = np.random.default_rng(vocabulary)
    logits = (scale * rng.standard_normal((6, vocabulary))).astype(np.float32)
    token_ids = rng.integers(0, vocabulary, 6)
    token_ids[0] = logits[0].argmax()
    logits[1, 3] = 40.0  # nearly certain of another token
    logits[2, token_ids[2]] = 40.0  # nearly certain of the right one
    expected = reference(logits, token_ids)
    found = token_statistics(torch.from_numpy(logits), torch.from_numpy(token_ids))
    assert list(found) == statistic_names()
    for name in statistic_names():
        np.testing.assert_allclose(found[name].numpy(), expected[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("vocabulary", [50, 1_300, 200_000])
@pytest.mark.parametrize("lead", [0.0, 1.0, 9.0, 15.0, 60.0])
@pytest.mark.parametrize("leaders", [1, 2])
def test_agrees_with_float64_where_a_few_tokens_lead(vocabulary: int, lead: float, leaders: int) -> None:
    rng = np.random.default_rng(leaders)
    logits = (1000 + 0.01 * rng.standard_normal((4, vocabulary))).astype(np.float32)  # an offset must not matter
    logits[:, [vocabulary // 2, vocabulary - 1][:leaders]] += lead
    logits[3, 20:30] = -inf
    token_ids = np.array([vocabulary // 2, 3, vocabulary - 1, 7])
    expected = reference(logits, token_ids)
    found = token_statistics(torch.from_numpy(logits), torch.from_numpy(token_ids))
    for name in statistic_names():
        np.testing.assert_allclose(found[name].numpy(), expected[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_uniform_over_four_by_hand() -> None:
    found = token_statistics(torch.zeros(1, 4), torch.tensor([2]))
    for order in ("0.5", "1", "2", "inf"):
        assert found[f"renyi_{order}"].item() == pytest.approx(log(4), abs=1e-6)
    assert found["var_logprob"].item() == pytest.approx(0, abs=1e-9)
    # -(3/4) log(1/4) - 3 (1/4) log(3/4)
    assert found["modified_entropy"].item() == pytest.approx(0.75 * log(4) - 0.75 * log(0.75), abs=1e-6)
    # a = 1: -[(3/4)(1/4) - 3/4 + 3 (1/4)(3/4) - 3/4]
    assert found["modified_renyi_2"].item() == pytest.approx(0.75, abs=1e-6)
    assert found["rank"].item() == 1
    assert found["gap"].item() == 0


@pytest.mark.parametrize("token", [0, 1])
def test_certain_distributions_give_numbers(token: int) -> None:
    logits = torch.full((1, 5), -inf)
    logits[0, 0] = 0.0
    found = token_statistics(logits, torch.tensor([token]))
    assert not any(value.isnan().any() for value in found.values())
    assert found["renyi_0.5"].item() == 0
    assert found["var_logprob"].item() == 0
    assert (found["modified_entropy"].item() == 0) == (token == 0)


def test_no_tokens_gives_empty_tensors() -> None:
    found = token_statistics(torch.zeros(0, 7), torch.zeros(0, dtype=torch.long), orders=(0.5, inf))
    assert {name: len(value) for name, value in found.items()} == dict.fromkeys(statistic_names((0.5, inf)), 0)


def test_mismatched_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        token_statistics(torch.zeros(3, 7), torch.zeros(2, dtype=torch.long))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 8), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_entropies_fall_with_order_and_shifts_change_nothing(tokens: int, vocabulary: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(tokens, vocabulary, generator=generator)
    token_ids = torch.randint(vocabulary, (tokens,), generator=generator)
    found = token_statistics(logits, token_ids)
    for higher, lower in zip(ORDERS[1:], ORDERS, strict=False):
        assert (found[f"renyi_{higher:g}"] <= found[f"renyi_{lower:g}"] + 1e-5).all()
    shifted = token_statistics(logits + 3.0, token_ids)
    for name, value in found.items():
        torch.testing.assert_close(shifted[name], value, rtol=1e-4, atol=1e-4)
