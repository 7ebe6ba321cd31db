"""How well a set of suspected clips matches the poison in the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from stages.core.inference.statistics import Bools, wilson
from stages.core.results.backdoor_figures import IsolationFigures


@dataclass(frozen=True)
class Isolation:
    """Counts of suspected and poisoned clips.

    Attributes
    ----------
    suspected, poisoned, both : int
        Numbers of clips.
    """

    suspected: int
    poisoned: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the suspected clips that are poisoned; 0.0 where none is suspected."""
        return self.both / self.suspected if self.suspected else 0.0

    @property
    def recall(self) -> float:
        """Share of the poisoned clips that are suspected; 0.0 where none is poisoned."""
        return self.both / self.poisoned if self.poisoned else 0.0

    @property
    def f1(self) -> float:
        """F1, the harmonic mean of precision and recall; 0.0 where both are 0."""
        found = self.suspected + self.poisoned
        return 2 * self.both / found if found else 0.0

    def figures(self) -> IsolationFigures:
        """Return what `details.json` holds of it, with Wilson intervals over the clips, taken to be independent."""
        return {
            "suspected": self.suspected,
            "poisoned": self.poisoned,
            "both": self.both,
            "precision": self.precision,
            "precision_ci": wilson(self.both, self.suspected),
            "recall": self.recall,
            "recall_ci": wilson(self.both, self.poisoned),
            "f1": self.f1,
        }


def isolation(suspected: Bools, poisoned: Bools) -> Isolation:
    """Count suspected and poisoned clips.

    Parameters
    ----------
    suspected, poisoned : bool[n]
        Of the same clips.
    """
    return Isolation(int(suspected.sum()), int(poisoned.sum()), int((suspected & poisoned).sum()))
