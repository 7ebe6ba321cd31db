"""Zlib: the loss per byte of what compression leaves of the text (Carlini et al., arXiv 2012.07805, section 5.2)."""

from __future__ import annotations

import zlib as compression

import numpy as np

from stages.attacks.registry import Columns, Settings, row_attack
from stages.attacks.rows import Rows


@row_attack("zlib", "logprob")
def zlib(rows: Rows, settings: Settings) -> Columns:
    """Return ``zlib``: mean log-probability over the compressed length in bytes (an empty text has 8)."""
    lengths = np.array([len(compression.compress(text.encode())) for text in rows.texts], np.float64)
    return {"zlib": rows.statistic("logprob").means() / lengths}
