"""Deletion: some words of the text are left out (FiMMIA, arXiv 2512.02786)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from stages.neighbours.recipe import Recipe, perturbation, words_at
from stages.neighbours.settings import Number, PerturbationSettings, within


class DeleteWordsSettings(PerturbationSettings):
    """Share of the words to leave out."""

    share: Annotated[Number, within(0.001, 0.999)]


@perturbation("delete_words", kind="text", settings=DeleteWordsSettings)
def delete_words(text: str, rng: np.random.Generator, *, share: float) -> tuple[str, Recipe]:
    """Leave out a share of the words, at least one and never all; a text of one word or none stays unchanged.

    Parameters
    ----------
    text : str
        White space separates words.
    rng : Generator
    share : float
        Share of the words, in (0, 1).

    Returns
    -------
    text : str
    recipe : dict
        `positions` and `words` that were left out.
    """
    words = text.split()
    if len(words) < 2:
        return text, {"positions": [], "words": []}
    count = min(len(words) - 1, max(1, round(share * len(words))))
    positions = sorted(int(place) for place in rng.choice(len(words), count, replace=False))
    kept = [word for place, word in enumerate(words) if place not in positions]
    return " ".join(kept), {"positions": positions, "words": words_at(words, positions)}
