"""Curvature: how the loss bends with the clip's log-mel features (FiMMIA's critique, arXiv 2512.02786).

Attacks by perturbation are said to work because a member lies at a minimum of the loss over inputs, where the Hessian
is positive and its trace large. FiMMIA finds traces at chance and Hessians of members that are not positive
semi-definite. Here both are measured: Hutchinson's trace and the extreme eigenvalues.
"""

from __future__ import annotations

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of
from stages.logits.curvature import extreme_eigenvalues, hessian_product, hutchinson_trace
from stages.logits.probe import PROBES, Probe, ProbeBatch
from stages.models.adapter import Adapter

NAMES = ("curvature_trace", "curvature_smallest", "curvature_largest")
DRAWS = 4
STEPS = 8
MOST_CLIPS = 200
"""Each clip costs a dozen passes backwards through a gradient."""


def curvature(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the trace, the smallest and the largest eigenvalue of the loss's Hessian in the input features.

    The loss is that of training, mean over the answer's tokens, in nats; the features are what the model is given of
    the sound. Draws depend on the clip alone. Fused attention has no second derivative, so the plain one is used.

    Raises
    ------
    EarwitnessError
        If there are no weights, as behind an endpoint, or the model takes no one array of features.
    """
    model = getattr(adapter, "model", None)
    if not isinstance(model, torch.nn.Module):
        raise EarwitnessError("params.yaml: logits.probes: curvature needs the model's weights: leave it out")
    batch = adapter.training_batch([case.original])
    arrays = [name for name, values in batch.items() if values.is_floating_point()]
    if len(arrays) != 1:
        raise EarwitnessError("params.yaml: logits.probes: curvature needs one array of audio features: leave it out")
    heard = batch[arrays[0]].detach().clone().requires_grad_()
    generator = torch.Generator().manual_seed(seed_of(0, "curvature", case.original.audio_hash, case.original.text))
    frozen = [weight for weight in model.parameters() if weight.requires_grad]
    try:
        for weight in frozen:
            weight.requires_grad_(False)
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            product = hessian_product(model(**(batch | {arrays[0]: heard})).loss, heard)
            trace = hutchinson_trace(product, heard.numel(), DRAWS, generator)
            smallest, largest = extreme_eigenvalues(product, heard.numel(), STEPS, generator)
    finally:
        for weight in frozen:
            weight.requires_grad_(True)
    return [trace, smallest, largest]


PROBES.register("curvature")(Probe(NAMES, curvature, most=MOST_CLIPS))
