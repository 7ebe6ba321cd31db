"""Tellings: how CAMIA's signals change from the first telling of a transcript to the next ones (arXiv 2409.13745).

The target is given the transcript three times in one answer. Memory shows in the first telling. In the later ones, the
target can copy.
"""

from __future__ import annotations

import numpy as np

from stages.core.inference.phrases import phrases
from stages.core.inference.statistics import Floats
from stages.logits.probe import ProbeBatch, probe, told_again
from stages.models.adapter import Adapter

TELLINGS = 3
SIGNALS = ("loss", "below_1", "below_2", "below_3", "below_mean", "lempel_ziv")
NAMES = tuple(f"tellings_{signal}_{later}" for later in range(2, TELLINGS + 1) for signal in SIGNALS)


@probe("tellings", NAMES)
def tellings(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return each signal's value in the first telling less its value in the second, then less that in the third.

    ``loss`` is in nats per token; ``below_<nats>`` and ``below_mean`` are shares of tokens with a loss of at most the
    threshold or the telling's mean; ``lempel_ziv`` counts phrases per token. All values are None for an empty text, and
    if three tellings do not fit the target.
    """
    told = told_again(adapter, case.original, TELLINGS)
    if told is None:
        return [None] * len(NAMES)
    first, *later = (_signals(-telling.numpy()) for telling in (told.once, *told.again))
    return [value for signals in later for value in (first - signals).tolist()]


def _signals(loss: Floats) -> Floats:
    below = [float(np.mean(loss <= threshold + 1e-9)) for threshold in (1.0, 2.0, 3.0, loss.mean())]
    return np.array([loss.mean(), *below, phrases(loss, np.array([0, len(loss)]))[0] / len(loss)])
