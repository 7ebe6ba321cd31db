"""Gradient norm: what is fitted already pulls little at the weights (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

from math import inf

import torch

from stages.logits.probe import ProbeBatch, probe, require_weights
from stages.models.adapter import Adapter

NORMS = {"gradient_norm_1": 1.0, "gradient_norm_2": 2.0, "gradient_norm_inf": inf}


@probe("gradient_norm", tuple(NORMS))
def gradient_norm(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the means over parameter tensors of the 1-, 2- and largest-value norms of the loss's gradient.

    The loss is that of training, mean over the answer's tokens. Needs as much memory again as the weights.

    Raises
    ------
    EarwitnessError
        If there are no weights, as behind an endpoint.
    """
    require_weights(adapter, "gradient_norm")
    model = adapter.model
    with torch.enable_grad():
        model.zero_grad(set_to_none=True)
        adapter.loss([case.original]).backward()  # type: ignore[no-untyped-call]
    gradients = [weight.grad.double() for weight in model.parameters() if weight.grad is not None]
    values = [
        float(torch.stack([torch.linalg.vector_norm(g, order) for g in gradients]).mean()) for order in NORMS.values()
    ]
    model.zero_grad(set_to_none=True)
    return list(values)
