"""Architectures that cannot be targets, because they do not score a transcript token by token; and why."""

from __future__ import annotations

from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CTC_MAPPING_NAMES,
    MODEL_FOR_RNNT_MAPPING_NAMES,
    MODEL_FOR_TDT_MAPPING_NAMES,
)

SUMMED = (
    "has no text decoder: a transcript's likelihood is a sum over alignments (CTC, transducer), "
    "with no value for each token, so other statistics would be needed"
)
PLACED = (
    "writes text beside a stream of sound frames: a transcript's likelihood depends on the frame of each word, "
    "which a transcript does not state, so other statistics would be needed"
)
STREAMING = ("kyutai_speech_to_text",)


def other_statistics(architecture: str) -> str | None:
    """Return why an architecture of `transformers` cannot be scored token by token; None if no such reason is known."""
    summed = (MODEL_FOR_CTC_MAPPING_NAMES, MODEL_FOR_RNNT_MAPPING_NAMES, MODEL_FOR_TDT_MAPPING_NAMES)
    if any(architecture in names for names in summed):
        return SUMMED
    return PLACED if architecture in STREAMING else None
