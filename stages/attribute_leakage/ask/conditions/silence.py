"""The direct question about silence: there is nobody to be right about, so every answer is the prompt's own tendency.

A greedy run on one silence always gives the same answer, so that it is one observation however often it is repeated:
the silences differ in length (params), and each is asked once with every rotation of the options.
"""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition
from stages.models.questions import with_options


@condition("silence", sound="silences")
def prompt(question: Question) -> AskedPrompt:
    """Ask exactly as in `direct`."""
    return AskedPrompt(with_options(question.text, question.options))
