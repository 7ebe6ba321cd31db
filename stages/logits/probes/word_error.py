"""Word error: how far the target's own answer is from the transcript, in words.

The probe needs neither labels nor log-probabilities, so it also works for a target that gives only texts. It is the
plainest sign that a model was trained on a clip: it writes the clip's words better than those of other clips.
"""

from __future__ import annotations

from stages.logits.probe import ProbeBatch, probe
from stages.logits.probes.sampling import SPARE_TOKENS
from stages.models.adapter import Adapter
from stages.models.checks.understanding import word_edits


@probe("word_error")
def word_error(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the word error rate of the greedy answer, at least 0; it exceeds 1 for answers that are much longer.

    Case and punctuation do not count. The rate is None for a transcript without words, and where a closed target
    refuses the question.
    """
    if not word_edits(case.original.text, "")[1]:
        return [None]
    (answer,) = adapter.answers([case.original], len(case.original.text) + SPARE_TOKENS)
    if answer is None:
        return [None]
    edits, words = word_edits(case.original.text, answer)
    return [edits / words]
