"""Trace and extreme eigenvalues, against the exact Hessian of a tiny model."""

from __future__ import annotations

import pytest
import torch

from stages.logits.curvature import extreme_eigenvalues, hessian_product, hutchinson_trace

SIZE = 12


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(SIZE, 8), torch.nn.Tanh(), torch.nn.Linear(8, 5)).double()


def loss(model: torch.nn.Module, at: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(model(at), torch.tensor(2))


def draws() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.fixture
def at() -> torch.Tensor:
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(3)).double().requires_grad_()


@pytest.fixture
def exact(model: torch.nn.Module, at: torch.Tensor) -> torch.Tensor:
    return torch.autograd.functional.hessian(lambda x: loss(model, x), at.detach())  # type: ignore[no-untyped-call]


def test_products_are_those_of_the_exact_hessian(model: torch.nn.Module, at: torch.Tensor, exact: torch.Tensor) -> None:
    product = hessian_product(loss(model, at), at)
    for row, unit in zip(exact, torch.eye(SIZE).double(), strict=True):
        assert torch.allclose(product(unit), row, atol=1e-12)


def test_extreme_eigenvalues_are_exact_after_enough_steps_and_never_beyond(
    model: torch.nn.Module, at: torch.Tensor, exact: torch.Tensor
) -> None:
    product, values = hessian_product(loss(model, at), at), torch.linalg.eigvalsh(exact)
    assert values[0] < 0 < values[-1]  # not positive semi-definite, so both ends are put to the test
    assert extreme_eigenvalues(product, SIZE, 50, draws()) == pytest.approx((values[0].item(), values[-1].item()))
    smallest, largest = extreme_eigenvalues(product, SIZE, 3, draws())
    assert values[0] <= smallest < largest <= values[-1]


def test_the_trace_is_estimated_without_bias(model: torch.nn.Module, at: torch.Tensor, exact: torch.Tensor) -> None:
    product, count = hessian_product(loss(model, at), at), 2000
    off = exact - torch.diag(exact.diag())
    error = (2 * off.square().sum() / count).sqrt().item()
    assert abs(hutchinson_trace(product, SIZE, count, draws()) - exact.trace().item()) < 3 * error


def test_a_diagonal_hessian_needs_one_draw_and_as_many_steps_as_it_has_values() -> None:
    at = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    product = hessian_product((torch.tensor([1.0, 1.0, -3.0, 5.0]) * at**2).sum() / 2, at)
    assert hutchinson_trace(product, 4, 1, draws()) == pytest.approx(4.0)
    assert extreme_eigenvalues(product, 4, 3, draws()) == pytest.approx((-3.0, 5.0))


def test_a_function_without_curvature_has_none() -> None:
    at = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    product = hessian_product(at.sum(), at)
    assert hutchinson_trace(product, 4, 2, draws()) == 0.0
    assert extreme_eigenvalues(product, 4, 3, draws()) == (0.0, 0.0)
