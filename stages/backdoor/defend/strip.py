"""STRIP: a triggered input keeps its answer under overlays, a clean input does not.

Gao et al. 2019 (arXiv 1902.06531). Other clean clips are overlaid on the input; the entropy of the model's answers to
the overlays is low where a trigger decides them. The threshold is set on clean clips alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.core.inference.statistics import Floats, wilson
from stages.core.sound.audio import Samples


@dataclass(frozen=True)
class Detection:
    """Numbers of triggered and clean clips below the threshold.

    Attributes
    ----------
    threshold : float
        In nats; a clip with less entropy counts as triggered. -inf where there are too few clean clips.
    found, triggered : int
    false_alarms, clean : int
        Counted on the same clips that set the threshold.
    """

    threshold: float
    found: int
    triggered: int
    false_alarms: int
    clean: int

    @property
    def rate(self) -> float:
        """The true-positive rate; 0.0 without triggered clips."""
        return self.found / self.triggered if self.triggered else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the true-positive rate; the clips count as independent."""
        return wilson(self.found, self.triggered)


def overlaid(samples: Samples, other: Samples, share: float) -> Samples:
    """Lay another clip over one: float32[n], as long as `samples`.

    Parameters
    ----------
    samples, other : float32
        The other is repeated or cut to the length; one of no samples adds nothing.
    share : float
        Of the other in the mix, in [0, 1].
    """
    fitted = np.resize(other, len(samples)) if len(other) else np.zeros_like(samples)
    return np.asarray((1 - share) * samples + share * fitted, np.float32)


def answer_entropy(answers: Sequence[str]) -> float:
    """Return the entropy of a clip's answers, in nats: 0 where all are equal, log(n) where none are."""
    shares = np.array(list(Counter(answers).values()), np.float64) / len(answers)
    return float(max(0.0, -(shares * np.log(shares)).sum()))


def detection(clean: Floats, triggered: Floats, rate: float) -> Detection:
    """Set the threshold on clean clips and count the triggered ones below it.

    Parameters
    ----------
    clean, triggered : float64
        Entropies, in nats.
    rate : float
        Share of clean clips that may lie below the threshold, in (0, 1). Entropies of few answers tie, so the realised
        share is often lower; ties with the threshold count as clean.

    Returns
    -------
    Detection
    """
    # A new clean clip lies below the r-th smallest of n with probability of at most r / (n + 1).
    place = int(np.floor(round(rate * (len(clean) + 1), 9)))
    threshold = float(np.sort(clean)[place - 1]) if place >= 1 else -np.inf
    return Detection(
        threshold, int((triggered < threshold).sum()), len(triggered), int((clean < threshold).sum()), len(clean)
    )
