"""How a question about a speaker is put, where a target is taught to answer it and where it is asked."""

from __future__ import annotations

from collections.abc import Sequence


def with_options(question: str, options: Sequence[str]) -> str:
    """Return a question with its options, in their order."""
    return f"{question} Answer with one of: {', '.join(options)}."


def rotated(options: Sequence[str], step: int) -> tuple[str, ...]:
    """Return the options from number `step` on, then those before it: each is as often in each place."""
    return (*options[step:], *options[:step])
