"""Sampling: how many words of the transcript the target's own answers contain (SaMIA, arXiv 2404.11262).

The probe needs neither labels nor log-probabilities, so it also works for closed targets. The paper samples random
continuations of a prefix. This probe uses the greedy answers to the clip and to each of its audio neighbours, because
every target can reproduce them.
"""

from __future__ import annotations

import re
from collections import Counter

from stages.logits.probe import ProbeBatch, probe
from stages.models.adapter import Adapter

SPARE_TOKENS = 16
"""Largest number of tokens of an answer beyond the number of characters of the transcript."""


@probe("sampling", changed=True)
def sampling(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the mean ROUGE-1 recall of the transcript's words, in [0, 1]; None for a text without words.

    Answers that a closed target refuses do not count; the recall is None where it refuses the clip itself.
    """
    words = _words(case.original.text)
    if not words:
        return [None]
    answers = adapter.answers([case.original, *case.changed], len(case.original.text) + SPARE_TOKENS)
    if answers[0] is None:
        return [None]
    overlaps = [(words & _words(answer)).total() / words.total() for answer in answers if answer is not None]
    return [sum(overlaps) / len(overlaps)]


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))
