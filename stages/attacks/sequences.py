"""Regularity of a row of numbers: approximate entropy."""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats, Ragged

PATTERN = 2
TOLERANCE = 0.8
"""Two patterns of `PATTERN` numbers match if no number differs by more than this, in nats (CAMIA's value)."""
_PAIRS_AT_ONCE = 1 << 22


def approximate_entropies(rows: Ragged) -> Floats:
    """Return each row's approximate entropy (Pincus 1991), in nats.

    It is 0 for rows that are too short for a pattern, and NaN for empty rows. Rows of equal length are computed
    together.
    """
    found = np.where(rows.lengths > 0, 0.0, np.nan)
    for length in sorted(set(rows.lengths.tolist())):
        if length <= PATTERN + 1:
            continue
        chosen = np.flatnonzero(rows.lengths == length)
        block = max(1, _PAIRS_AT_ONCE // length**2)
        for start in range(0, len(chosen), block):
            part = chosen[start : start + block]
            values = rows.values[rows.offsets[part][:, None] + np.arange(length)]
            alike = np.abs(values[:, :, None] - values[:, None, :]) <= TOLERANCE
            shorter = alike
            for _ in range(1, PATTERN):
                shorter = _longer(shorter, alike)
            found[part] = _regularity(shorter) - _regularity(_longer(shorter, alike))
    return found


Matches = np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]
"""Whether the patterns that begin at two positions of a row match: bool[rows, patterns, patterns]."""


def _longer(matches: Matches, alike: Matches) -> Matches:
    """Return the matches of patterns of one number more; `alike` holds those of single numbers."""
    added = alike.shape[1] - matches.shape[1] + 1
    return matches[:, :-1, :-1] & alike[:, added:, added:]


def _regularity(matches: Matches) -> Floats:
    """Return the mean log share of patterns that match each pattern."""
    counts = np.add.reduce(matches.view(np.uint8), axis=2, dtype=np.intp)
    return np.asarray(np.add.reduce(np.log(counts / matches.shape[1]), axis=1) / matches.shape[1])
