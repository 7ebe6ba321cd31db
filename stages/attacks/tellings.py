"""CAMIA's differences between tellings of one transcript (Chang et al., arXiv 2409.13745)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack

PREFIX = "tellings_"
FALLS = ("loss", "lempel_ziv")
"""Signals that are lower where the target copies. The others are higher there."""


@clip_attack("tellings")
def tellings(sheet: Sheet) -> Columns:
    """Return ``camia_tellings_<signal>_<2 or 3>``: how little a signal changes from the first telling to a later one.

    ``loss`` and ``lempel_ziv`` are negated falls, ``below_<level>`` are negated rises: a member's first telling is
    already like a copy. There are no scores without the probe.
    """
    found = {}
    for name, difference in sheet.probes.items():
        if name.startswith(PREFIX):
            falls = name.removeprefix(PREFIX).startswith(FALLS)
            found[f"camia_{name}"] = -difference if falls else difference
    return found
