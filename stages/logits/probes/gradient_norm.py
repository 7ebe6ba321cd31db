"""Gradient norm: a clip that the model already fits has a small gradient (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

from math import inf

import torch

from stages.logits.probe import ProbeBatch, probe, require_weights
from stages.models.adapter import Adapter
from stages.models.placement import require_whole

NORMS = {"gradient_norm_1": 1.0, "gradient_norm_2": 2.0, "gradient_norm_inf": inf}


@probe("gradient_norm", tuple(NORMS))
def gradient_norm(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the 1-, 2- and maximum norms of the loss's gradient, each as the mean over parameter tensors.

    The loss is the training loss, the mean over the answer's tokens. The gradient needs as much memory as the weights.

    Raises
    ------
    EarwitnessError
        If the target gives no access to its weights, such as an endpoint.
    """
    require_weights(adapter, "gradient_norm")
    model = adapter.model
    require_whole(model, "params.yaml: logits.probes: gradient_norm")
    with torch.enable_grad():
        model.zero_grad(set_to_none=True)
        adapter.loss([case.original]).backward()  # type: ignore[no-untyped-call]
    gradients = [weight.grad.double() for weight in model.parameters() if weight.grad is not None]
    values = [
        float(torch.stack([torch.linalg.vector_norm(g, order) for g in gradients]).mean()) for order in NORMS.values()
    ]
    model.zero_grad(set_to_none=True)
    return list(values)
