"""Curvature of a scalar function from Hessian-vector products; the Hessian itself is never formed."""

from __future__ import annotations

from collections.abc import Callable

import torch

Product = Callable[[torch.Tensor], torch.Tensor]
"""Maps a vector float[d] to the Hessian times this vector, float[d]."""

BREAKDOWN = 1e-10
"""The Krylov space is exhausted if the residual is smaller than this share of the largest coefficient."""


def hessian_product(value: torch.Tensor, at: torch.Tensor) -> Product:
    """Return the Hessian-vector product of a scalar, computed by a second backward pass through its gradient.

    Parameters
    ----------
    value : float[]
        Computed from `at` by operations that can be differentiated twice.
    at : float[...]
        A leaf that requires a gradient; the vectors have as many elements.
    """
    (gradient,) = torch.autograd.grad(value, at, create_graph=True)

    def product(vector: torch.Tensor) -> torch.Tensor:
        if not gradient.requires_grad:  # the Hessian of a linear function is zero
            return torch.zeros_like(vector)
        along = (gradient * vector.reshape(at.shape).to(gradient.dtype)).sum()
        (found,) = torch.autograd.grad(along, at, retain_graph=True, allow_unused=True)
        return torch.zeros_like(vector) if found is None else found.reshape(-1).to(vector.dtype)

    return product


def hutchinson_trace(product: Product, size: int, draws: int, generator: torch.Generator) -> float:
    """Estimate the trace as the mean of v·Hv over vectors v of random signs (Hutchinson 1990).

    The estimate is unbiased. Its variance is twice the sum of the squared off-diagonal elements, divided by `draws`, so
    it is exact for a diagonal Hessian.
    """
    total = 0.0
    for _ in range(draws):
        signs = torch.randint(0, 2, (size,), generator=generator).double() * 2 - 1
        total += float(signs @ product(signs))
    return total / draws


def extreme_eigenvalues(product: Product, size: int, steps: int, generator: torch.Generator) -> tuple[float, float]:
    """Estimate the smallest and the largest eigenvalue by Lanczos's method (Golub and Van Loan 2013, section 10.1).

    The estimates are eigenvalues of the Hessian's projection on a Krylov space. They never exceed the true extremes,
    the extreme ones converge first, and they are exact if `steps` reaches the number of distinct eigenvalues. Each new
    vector is orthogonalised twice against all earlier ones, because rounding would otherwise repeat eigenvalues that
    were already found.

    Parameters
    ----------
    product : callable
    size : int
    steps : int
        Number of products; fewer are taken if the space is exhausted.
    generator : torch.Generator

    Returns
    -------
    smallest, largest : float
        Both are 0 for a zero Hessian.
    """
    vector = torch.randn(size, generator=generator, dtype=torch.float64)
    basis: list[torch.Tensor] = [vector / vector.norm()]
    diagonal: list[float] = []
    beside: list[float] = []
    for step in range(min(steps, size)):
        residual = product(basis[-1])
        diagonal.append(float(basis[-1] @ residual))
        known = torch.stack(basis)
        for _ in range(2):
            residual = residual - known.T @ (known @ residual)
        norm = float(residual.norm())
        if step + 1 == min(steps, size) or norm <= BREAKDOWN * max(map(abs, [*diagonal, *beside])):
            break
        beside.append(norm)
        basis.append(residual / norm)
    off = torch.tensor(beside[: len(diagonal) - 1], dtype=torch.float64)
    projected = torch.diag(torch.tensor(diagonal, dtype=torch.float64)) + torch.diag(off, 1) + torch.diag(off, -1)
    values = torch.linalg.eigvalsh(projected)
    return float(values[0]), float(values[-1])
