"""Curvature of the loss in the embeddings of the sound (FiMMIA's critique, arXiv 2512.02786).

A common explanation of perturbation attacks is that a member lies at a minimum of the loss over inputs, where the
Hessian is positive definite and its trace is large. FiMMIA finds that traces perform at chance and that Hessians of
members are not positive semi-definite. This probe measures both: Hutchinson's trace and the extreme eigenvalues.

The input is the same for all families: the embeddings of the sound that the text decoder receives. For a
placeholder-merge decoder, these are the vectors at the audio tokens; for an encoder-decoder, the encoder's output.
Features before the encoder would not be comparable between families (log-mel frames, filter banks, a waveform).
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
"""Largest number of clips, because each one costs a dozen backward passes through a gradient."""


@probe("curvature", NAMES, most=MOST_CLIPS)
def curvature(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the trace, the smallest and the largest eigenvalue of the loss's Hessian in the sound's embeddings.

    The loss is the training loss, the mean over the answer's tokens, in nats. The embeddings are those of
    `Adapter.loss_by_sound`. The random draws depend only on the clip. Plain attention is used, because fused attention
    has no second derivative.

    Raises
    ------
    EarwitnessError
        If the target gives no access to its weights, such as an endpoint.
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
