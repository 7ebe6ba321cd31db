"""Checks of the section `logits` before anything runs."""

from __future__ import annotations

from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.logits.params import LogitsParams


def check_params(params: LogitsParams, path: Path) -> None:
    """Check that everything that later stages always read is computed, and that nothing is named twice.

    Raises
    ------
    EarwitnessError
        If a check fails; the message names the file and the key.
    """
    conditions, slices = params.logits.conditions, params.logits.slices
    if "given" not in conditions or len(set(conditions)) < len(conditions):
        raise EarwitnessError(f"{path}: logits.conditions: name each condition once, and given among them")
    if "transcript" not in slices or len(set(slices)) < len(slices):
        raise EarwitnessError(f"{path}: logits.slices: name each slice once, and transcript among them")
    if 0.5 not in params.logits.orders:
        raise EarwitnessError(f"{path}: logits.orders: lacks 0.5, which the fidelity detector reads: add it")
