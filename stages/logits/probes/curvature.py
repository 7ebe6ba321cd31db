"""Curvature: how the loss bends with what the model makes of the sound (FiMMIA's critique, arXiv 2512.02786).

Attacks by perturbation are said to work because a member lies at a minimum of the loss over inputs, where the Hessian
is positive and its trace large. FiMMIA finds traces at chance and Hessians of members that are not positive
semi-definite. Here both are measured: Hutchinson's trace and the extreme eigenvalues.

The input is the same for all families: the embeddings of the sound that the part that writes text is given. These are
the vectors at the audio tokens of a decoder, and the encoder's output of an encoder-decoder. Features before the
encoder would differ in kind from family to family (log-mel frames, filter banks, a waveform).
"""

from __future__ import annotations

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from stages.core.run.randomness import seed_of
from stages.logits.curvature import extreme_eigenvalues, hessian_product, hutchinson_trace
from stages.logits.probe import ProbeBatch, probe, require_weights
from stages.models.adapter import Adapter

NAMES = ("curvature_trace", "curvature_smallest", "curvature_largest")
DRAWS = 4
STEPS = 8
MOST_CLIPS = 200
"""Each clip costs a dozen passes backwards through a gradient."""


@probe("curvature", NAMES, most=MOST_CLIPS)
def curvature(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the trace, the smallest and the largest eigenvalue of the loss's Hessian in the sound's embeddings.

    The loss is that of training, mean over the answer's tokens, in nats; the embeddings are those of
    `Adapter.loss_by_sound`. Draws depend on the clip alone. Fused attention has no second derivative, so the plain one
    is used.

    Raises
    ------
    EarwitnessError
        If there are no weights, as behind an endpoint.
    """
    require_weights(adapter, "curvature")
    generator = torch.Generator().manual_seed(seed_of(0, "curvature", case.original.audio_hash, case.original.text))
    frozen = [weight for weight in adapter.model.parameters() if weight.requires_grad]
    try:
        for weight in frozen:
            weight.requires_grad_(False)
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            loss, embedded = adapter.loss_by_sound(case.original)
            product = hessian_product(loss, embedded)
            trace = hutchinson_trace(product, embedded.numel(), DRAWS, generator)
            smallest, largest = extreme_eigenvalues(product, embedded.numel(), STEPS, generator)
    finally:
        for weight in frozen:
            weight.requires_grad_(True)
    return [trace, smallest, largest]
