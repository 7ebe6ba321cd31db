"""The question alone: the target finds words of its own, which the parser must recognise."""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import CONDITIONS, AskedPrompt, PromptCondition, Question


def prompt(question: Question) -> AskedPrompt:
    """Ask without options."""
    return AskedPrompt(question.text)


CONDITIONS.register("open")(PromptCondition(prompt, names_options=False))
