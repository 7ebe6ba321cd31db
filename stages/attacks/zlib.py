"""Zlib: the loss per byte of the compressed transcript (Carlini et al., arXiv 2012.07805, section 5.2)."""

from __future__ import annotations

import zlib as compression
from collections.abc import Sequence

import numpy as np

from stages.attacks.ragged import Floats
from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows


@row_attack("zlib", needs=("logprob",))
def zlib(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``zlib``: the mean log-probability divided by the compressed length in bytes (8 for an empty text)."""
    return {"zlib": rows.statistic("logprob").means() / compressed_lengths(rows.texts)}


def compressed_lengths(texts: Sequence[str]) -> Floats:
    """Return the length in bytes of each text in UTF-8 after zlib: float64[n]."""
    return np.array([len(compression.compress(text.encode())) for text in texts], np.float64)
