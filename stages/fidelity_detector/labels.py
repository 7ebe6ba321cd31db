"""What a detector learns from: clips that are members or not, or copies of a target that saw the same clips or not.

By row: a member's features against a non-member's, as the target gives them. By model (FiMMIA, arXiv 2512.02786,
section 4): a member's features as the target gives them, which was trained on it, against the same clip's as the
reference gives them, which was not. No difference between clips can then be learnt, but the difference between the two
models can; so on clips that neither was trained on the detector must be at chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stages.fidelity_detector.sets import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Labels = Literal["row", "model"]


@dataclass(frozen=True)
class Lesson:
    """The clips of an audit whose membership is known.

    Attributes
    ----------
    target : float64[n, d]
        Fidelity features.
    reference : float64[n, d] or None
        The same clips as the reference gives them.
    member : bool[n]
    cluster : intp[n]
        Speakers.
    labels : "row" or "model"
        By model there must be a reference.
    """

    target: Floats
    reference: Floats | None
    member: Bools
    cluster: Ints
    labels: Labels = "row"

    def rows(self, clips: Bools) -> tuple[Floats, Bools, Ints]:
        """Return features, labels and speakers to learn from, of some clips.

        Returns
        -------
        features : float64[m, d]
        label : bool[m]
        cluster : intp[m]
        """
        if self.labels == "row":
            return self.target[clips], self.member[clips], self.cluster[clips]
        assert self.reference is not None
        trained = clips & self.member
        features = np.concatenate([self.target[trained], self.reference[trained]])
        label = np.arange(len(features)) < int(trained.sum())
        return features, label, np.tile(self.cluster[trained], 2)

    def of(self, columns: Floats, reference: Floats | None) -> Lesson:
        """Return the same clips with other features."""
        return Lesson(columns, reference, self.member, self.cluster, self.labels)
