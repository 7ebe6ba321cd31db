"""The question alone: the target finds words of its own, which the parser must recognise."""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import CONDITIONS, Condition, Prompt, Question


def prompt(question: Question) -> Prompt:
    """Ask without options."""
    return Prompt(question.text)


CONDITIONS.register("open")(Condition(prompt, names_options=False))
