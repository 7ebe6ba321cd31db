"""Swap: words of the text change places (FiMMIA, arXiv 2512.02786)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from stages.neighbours.recipe import Recipe, perturbation
from stages.neighbours.settings import PerturbationSettings, within


class SwapWordsSettings(PerturbationSettings):
    """Number of swaps."""

    swaps: Annotated[int, within(1, 1000)]


@perturbation("swap_words", kind="text", settings=SwapWordsSettings)
def swap_words(text: str, rng: np.random.Generator, *, swaps: int) -> tuple[str, Recipe]:
    """Swap two different words, `swaps` times in a row.

    A text without two different words stays unchanged. A later swap can partly undo an earlier one.

    Parameters
    ----------
    text : str
        White space separates words.
    rng : Generator
    swaps : int
        At least 1.

    Returns
    -------
    text : str
    recipe : dict
        `swaps`: a list of ``[position, position]``.
    """
    words = text.split()
    if len(set(words)) < 2:
        return text, {"swaps": []}
    done = []
    for _ in range(swaps):
        first = int(rng.integers(len(words)))
        # Draw among the other, different words, so that a swap changes the text even if words repeat.
        second = int(rng.choice([place for place, word in enumerate(words) if word != words[first]]))
        words[first], words[second] = words[second], words[first]
        done.append([first, second])
    return " ".join(words), {"swaps": done}
