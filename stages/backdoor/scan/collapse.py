"""Output collapse: a trigger that makes a model give one answer to everything.

Comes in: a model's answers to the same clips without and with a trigger. A model that was poisoned gives one answer to
almost every triggered clip. A clean one may change its answers too (a higher pitch sounds like another speaker), so
what counts is the *conversion rate*, how many of the clips that were answered otherwise are now answered so, beyond
that of clean models to which the same was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom

from stages.backdoor.plant.task import words
from stages.core.inference.statistics import wilson


@dataclass(frozen=True)
class Conversion:
    """What a trigger does to a model's answers, seen from one answer.

    Attributes
    ----------
    answer : str
        Normalised.
    clips : int
    with_trigger, without : int
        Clips that are given the answer with and without the trigger.
    converted : int
        Clips that are given it only with the trigger.
    reverted : int
        Clips that are given it only without.
    """

    answer: str
    clips: int
    with_trigger: int
    without: int
    converted: int
    reverted: int

    @property
    def convertible(self) -> int:
        """Clips that are answered otherwise without the trigger."""
        return self.clips - self.without

    @property
    def shares(self) -> tuple[float, float]:
        """Shares of all clips that are given the answer with and without the trigger; 0.0 where there is no clip."""
        return self.with_trigger / max(1, self.clips), self.without / max(1, self.clips)

    @property
    def rate(self) -> float:
        """Share of the convertible clips that were converted; 0.0 where there is none."""
        return self.converted / self.convertible if self.convertible else 0.0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return Wilson's interval of the conversion rate; (0, 1) where no clip is convertible."""
        return wilson(self.converted, self.convertible, level)


def normalised(answer: str) -> str:
    """Return an answer without case, punctuation and superfluous space, which say nothing of its content."""
    return " ".join(words(answer))


def conversion(without: Sequence[str], with_trigger: Sequence[str], answer: str) -> Conversion:
    """Count the clips that a trigger brings to an answer and those that it takes away from it.

    Parameters
    ----------
    without, with_trigger : sequence of str
        Normalised answers to the same clips.
    answer : str
        Normalised.
    """
    pairs = [(one == answer, other == answer) for one, other in zip(without, with_trigger, strict=True)]
    return Conversion(
        answer,
        len(pairs),
        sum(after for _, after in pairs),
        sum(before for before, _ in pairs),
        sum(after and not before for before, after in pairs),
        sum(before and not after for before, after in pairs),
    )


def collapse_to(without: Sequence[str], with_trigger: Sequence[str]) -> Conversion:
    """Return the conversion to the answer that gains most clips by the trigger.

    A collapse makes it the modal answer. It is not taken for that, because a target that gives one answer to nine
    clips of ten anyway would hide every trigger that brings half of them to another. Among answers that gain alike,
    the one that the fewest clips were given before, then the first in the alphabet.

    Parameters
    ----------
    without, with_trigger : sequence of str
        Normalised answers to the same clips, at least one.
    """
    before, after = Counter(without), Counter(with_trigger)
    answer = min(after, key=lambda one: (before[one] - after[one], before[one], one))
    return conversion(without, with_trigger, answer)


def collapse_p(without: Sequence[str], with_trigger: Sequence[str], found: Conversion) -> float:
    """Return McNemar's exact one-sided p that a trigger brings clips to an answer.

    Given how many clips changed to or from the answer, half of them would have changed to it. The answer was chosen
    because it gains by the trigger, so p is multiplied by the number of different answers, with or without
    trigger, from which it was chosen.

    Returns
    -------
    float
        In (0, 1]; 1.0 where no clip changed.
    """
    changed = found.converted + found.reverted
    p = float(binom.sf(found.converted - 1, changed, 0.5)) if changed else 1.0
    return min(1.0, p * len({*without, *with_trigger}))
