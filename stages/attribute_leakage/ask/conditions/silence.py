"""The direct question about silence. There is no speaker, so the answers show which option the prompt alone favours.

Greedy decoding gives the same answer to the same silence every time, so a repetition is no new observation. The
silences therefore differ in length (`params.yaml: silence_seconds`), and each is asked once with every rotation of the
options.
"""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition
from stages.models.questions import with_options


@condition("silence", sound="silences")
def prompt(question: Question) -> AskedPrompt:
    """Ask exactly as in `direct`."""
    return AskedPrompt(with_options(question.text, question.options))
