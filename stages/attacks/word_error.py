"""Word error: the target transcribes a member with fewer wrong words."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("word_error")
def word_error(sheet: Sheet) -> Columns:
    """Return ``word_error``: the negated word error rate of the target's own answer, at most 0.

    The attack needs neither labels nor log-probabilities. It gives no scores without its probe.
    """
    return {"word_error": -sheet.probes["word_error"]} if "word_error" in sheet.probes else {}
