"""The wording of a question about a speaker: the same in training and in the audit."""

from __future__ import annotations

from collections.abc import Sequence


def with_options(question: str, options: Sequence[str]) -> str:
    """Return a question followed by its options, in their order."""
    return f"{question} Answer with one of: {', '.join(options)}."


def rotated(options: Sequence[str], step: int) -> tuple[str, ...]:
    """Return the options from index `step` on, then those before it.

    Over all steps, each option stands equally often in each place.
    """
    return (*options[step:], *options[:step])
