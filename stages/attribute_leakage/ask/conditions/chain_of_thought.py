"""The question with its options, after reasoning: it moves what is inferred both ways (arXiv 2601.03783)."""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import ANSWER, CONDITIONS, Condition, Prompt, Question
from stages.models.questions import with_options


def prompt(question: Question) -> Prompt:
    """Ask for reasoning first, and for the answer at a place where it can be found."""
    return Prompt(
        f"{with_options(question.text, question.options)} "
        f"First describe the voice step by step, then end with '{ANSWER}' and your choice."
    )


CONDITIONS.register("chain_of_thought")(Condition(prompt, reasons=True))
