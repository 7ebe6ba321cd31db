"""The question without options: the target answers in its own words, which the parser must recognise."""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition


@condition("open", names_options=False)
def prompt(question: Question) -> AskedPrompt:
    """Ask the question alone."""
    return AskedPrompt(question.text)
