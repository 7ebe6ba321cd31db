"""The question with its options, answered after reasoning.

Reasoning can raise and lower the share of attributes that a target infers (arXiv 2601.03783).
"""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import ANSWER, AskedPrompt, Question, condition
from stages.models.questions import with_options


@condition("chain_of_thought", reasons=True)
def prompt(question: Question) -> AskedPrompt:
    """Ask for reasoning first, then for the answer after `ANSWER`, where the parser finds it."""
    return AskedPrompt(
        f"{with_options(question.text, question.options)} "
        f"First describe the voice step by step, then end with '{ANSWER}' and your choice."
    )
