"""The probes: one file each. To register a probe, import its file here."""

from stages.logits.probes import (
    augmentation_kl,
    con_recall,
    curvature,
    gradient_norm,
    recall,
    repetition,
    sampling,
    tellings,
    word_error,
)

__all__ = [
    "augmentation_kl",
    "con_recall",
    "curvature",
    "gradient_norm",
    "recall",
    "repetition",
    "sampling",
    "tellings",
    "word_error",
]
