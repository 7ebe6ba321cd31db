"""The question with its options: HearSay's main condition (arXiv 2601.03783)."""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition
from stages.models.questions import with_options


@condition("direct")
def prompt(question: Question) -> AskedPrompt:
    """Ask the question and name the options."""
    return AskedPrompt(with_options(question.text, question.options))
