"""Duplication: some words of the text stand twice (FiMMIA, arXiv 2512.02786)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from stages.neighbours.recipe import Recipe, perturbation, words_at
from stages.neighbours.settings import Number, PerturbationSettings, within


class DuplicateWordsSettings(PerturbationSettings):
    """Share of the words to double."""

    share: Annotated[Number, within(0.001, 1)]


@perturbation("duplicate_words", kind="text", settings=DuplicateWordsSettings)
def duplicate_words(text: str, rng: np.random.Generator, *, share: float) -> tuple[str, Recipe]:
    """Repeat a share of the words, at least one, each right after itself; a blank text stays unchanged.

    Parameters
    ----------
    text : str
        White space separates words.
    rng : Generator
    share : float
        Share of the words, in (0, 1].

    Returns
    -------
    text : str
    recipe : dict
        `positions` and `words` that were doubled.
    """
    words = text.split()
    if not words:
        return text, {"positions": [], "words": []}
    count = max(1, round(share * len(words)))
    positions = sorted(int(place) for place in rng.choice(len(words), count, replace=False))
    doubled = [copy for place, word in enumerate(words) for copy in [word] * (1 + (place in positions))]
    return " ".join(doubled), {"positions": positions, "words": words_at(words, positions)}
