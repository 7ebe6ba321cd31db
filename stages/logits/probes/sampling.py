"""Sampling: how much of the transcript the target's own answers hold (SaMIA, arXiv 2404.11262).

It needs neither labels nor log-probabilities, so it is left for closed targets. The paper samples continuations of a
prefix at random; here the answers are the greedy ones to the clip and to each of its audio neighbours, which every
target can give again.
"""

from __future__ import annotations

import re
from collections import Counter

from stages.logits.probe import ProbeBatch, probe
from stages.models.adapter import Adapter

SPARE_TOKENS = 16
"""An answer may be so many tokens longer than the transcript has characters."""


@probe("sampling", changed=True)
def sampling(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the mean ROUGE-1 recall of the transcript's words, in [0, 1]; None for a text without words."""
    words = _words(case.original.text)
    if not words:
        return [None]
    answers = adapter.generate([case.original, *case.changed], len(case.original.text) + SPARE_TOKENS)
    overlaps = [(words & _words(answer)).total() / words.total() for answer in answers]
    return [sum(overlaps) / len(overlaps)]


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))
