"""The question alone: the target finds words of its own, which the parser must recognise."""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition


@condition("open", names_options=False)
def prompt(question: Question) -> AskedPrompt:
    """Ask without options."""
    return AskedPrompt(question.text)
