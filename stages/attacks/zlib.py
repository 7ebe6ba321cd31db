"""Zlib: the loss per byte of what compression leaves of the text (Carlini et al., arXiv 2012.07805, section 5.2)."""

from __future__ import annotations

import zlib as compression

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings


@ROW_ATTACKS.register("zlib")
def zlib(row: Scored, settings: Settings) -> dict[str, float]:
    """Return ``zlib``: mean log-probability over the compressed length in bytes (an empty text has 8)."""
    length = len(compression.compress(row.text.encode()))
    return {"zlib": float(row.statistics["logprob"].mean()) / length}
