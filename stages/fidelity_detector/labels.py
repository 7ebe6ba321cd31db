"""A detector's training labels: by row (members and non-members) or by model (target and reference).

By row, the detector compares the target's features of members with those of non-members. By model (FiMMIA, arXiv
2512.02786, section 4), it compares, for each member, the target's features with the reference's. The target was trained
on the clip and the reference was not. Labels by model exclude every difference between clips. But the detector can
learn other differences between the two models. So it must be at chance on clips that neither model was trained on.
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
        The target's fidelity features.
    reference : float64[n, d] or None
        The reference's features of the same clips.
    member : bool[n]
    cluster : intp[n]
        Speaker of each clip.
    labels : "row" or "model"
        "model" needs a reference.
    """

    target: Floats
    reference: Floats | None
    member: Bools
    cluster: Ints
    labels: Labels = "row"

    def rows(self, clips: Bools) -> tuple[Floats, Bools, Ints]:
        """Return the training features, labels and speakers of some clips.

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
