"""Attacks on what `logits` measured with passes of its own, each higher for members; without its probe each is absent.

Gradient norm (arXiv 2411.02902, baselines), ReCaLL (arXiv 2406.15968, eq. 2), augmentation-KL (arXiv 2411.02902),
SaMIA's sampling (arXiv 2404.11262) and CAMIA's repetition (arXiv 2409.13745).
"""

from __future__ import annotations

import zlib

import numpy as np

from stages.attacks.registry import CLIP_ATTACKS, Columns, Sheet

NORMS = ("gradient_norm_1", "gradient_norm_2", "gradient_norm_inf")


@CLIP_ATTACKS.register("gradient_norm")
def gradient_norm(sheet: Sheet) -> Columns:
    """Return ``gradient_norm_<p>``: the negated mean norm of the loss's gradient, for members are fitted; at most 0."""
    return {name: -sheet.probes[name] for name in NORMS if name in sheet.probes}


@CLIP_ATTACKS.register("recall")
def recall(sheet: Sheet) -> Columns:
    """Return ``recall``: the loss after transcripts of known non-members over the loss without; NaN for the shots."""
    return {"recall": sheet.probes["recall"]} if "recall" in sheet.probes else {}


@CLIP_ATTACKS.register("augmentation_kl")
def augmentation_kl(sheet: Sheet) -> Columns:
    """Return ``augmentation_kl``: by how many nats a token changed audio moves the distribution; at least 0."""
    return {"augmentation_kl": sheet.probes["augmentation_kl"]} if "augmentation_kl" in sheet.probes else {}


@CLIP_ATTACKS.register("repetition")
def repetition(sheet: Sheet) -> Columns:
    """Return ``camia_repetition``: the loss of a transcript's repetition over its first telling's, negated drop.

    Members gain little from being told once more: they are known already. In nats per token.
    """
    return {"camia_repetition": -sheet.probes["repetition"]} if "repetition" in sheet.probes else {}


@CLIP_ATTACKS.register("sampling")
def sampling(sheet: Sheet) -> Columns:
    """Return ``sampling`` and ``sampling_zlib``: how much of the transcript sampled answers hold, in [0, 1].

    The second times the compressed length of the transcript in bytes. Both need neither labels nor log-probabilities.
    """
    if "sampling" not in sheet.probes:
        return {}
    overlap = sheet.probes["sampling"]
    lengths = np.array([len(zlib.compress(text.encode())) for text in sheet.rows.texts], np.float64)
    return {"sampling": overlap, "sampling_zlib": overlap * lengths}
