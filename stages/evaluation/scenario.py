"""Simulated audits with a known truth: recording conditions, memory, and what the blind features measure.

Six latent recording conditions affect five correlated attacks, on the target and on a reference. Members may be
recorded in easier conditions: two of the six are shifted. Some blind features measure the conditions with noise, others
measure nothing. Each speaker has conditions and a voice of their own. Memory, if there is any, raises the members'
scores on the target by a multiple of the scores' deviation among non-members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from stages.core.inference.statistics import Bools, Floats, Ints

CONDITIONS = 6
SHIFTED = 2
ATTACKS = 5
SENSITIVITY = np.array([0.8, 0.4, 0.3, 0.3, 0.2, 0.2])

SIGHT = {"full": (0.0, 0), "good": (0.5, 0), "part": (1.0, 0), "half": (0.5, 1), "poor": (2.0, 0), "none": (0.0, 6)}
"""How blind features measure the conditions: the deviation of their noise, and the number of conditions that no feature
measures. ``half`` leaves out the more important one of the two shifted conditions."""


@dataclass(frozen=True)
class Scenario:
    """One cell of the simulation.

    Attributes
    ----------
    shift : float
        Shift of two conditions of the members, in deviations; positive is easier.
    sight : str
        A key of `SIGHT`.
    useless : int
        Number of blind features that measure nothing.
    scale : float
        Sensitivity of the reference; that of the target is 1.
    proportional : bool
        Whether the reference reacts to the same mix of conditions as the target; if not, its mix is drawn separately.
    memory : float
        Effect of memory, in deviations of the non-members' score.
    side : int
        Clips on each side.
    speakers : int
    disjoint : bool
        Whether each speaker is on one side only.
    likeness : float
        Share of a condition's and of an attack's variance that lies between speakers.
    split : str
        As declared.
    """

    shift: float = 0.0
    sight: str = "good"
    useless: int = 0
    scale: float = 0.8
    proportional: bool = True
    memory: float = 0.0
    side: int = 500
    speakers: int = 50
    disjoint: bool = False
    likeness: float = 0.1
    split: str = "post_hoc"


class DrawnAudit(TypedDict):
    """The arguments of `judge`, except its params."""

    scores: dict[str, Floats]
    reference_scores: dict[str, Floats]
    features: Floats
    member: Bools
    speaker: Ints
    split: str


def draw(scenario: Scenario, rng: np.random.Generator) -> DrawnAudit:
    """Draw one audit: the arguments of `judge`, except its params."""
    count = 2 * scenario.side
    member = np.arange(count) < scenario.side
    speaker = np.arange(count) * scenario.speakers // count if scenario.disjoint else np.arange(count)
    speaker = speaker % scenario.speakers

    def noise(columns: int) -> Floats:
        between = np.sqrt(scenario.likeness) * rng.normal(size=(scenario.speakers, columns))[speaker]
        return np.asarray(between + np.sqrt(1 - scenario.likeness) * rng.normal(size=(count, columns)))

    conditions = noise(CONDITIONS)
    conditions[member, :SHIFTED] += scenario.shift
    reacts = rng.uniform(0.8, 1.2, ATTACKS)
    ease = (conditions @ SENSITIVITY)[:, None] * reacts
    mix = SENSITIVITY if scenario.proportional else rng.permutation(SENSITIVITY) * rng.choice([-1, 1], CONDITIONS)
    reference_ease = scenario.scale * (conditions @ mix)[:, None] * reacts
    # Half of an attack's noise is common to all attacks, because they are statistics of the same tokens.
    target = ease + np.sqrt(0.5) * (noise(1) + noise(ATTACKS))
    reference = reference_ease + np.sqrt(0.5) * (noise(1) + noise(ATTACKS))
    target[member] += scenario.memory * target[~member].std(axis=0)
    return {
        "scores": {f"attack_{index}": column for index, column in enumerate(target.T)},
        "reference_scores": {f"attack_{index}": column for index, column in enumerate(reference.T)},
        "features": np.column_stack([_seen(conditions, scenario, rng), rng.normal(size=(count, scenario.useless))]),
        "member": member,
        "speaker": speaker,
        "split": scenario.split,
    }


def _seen(conditions: Floats, scenario: Scenario, rng: np.random.Generator) -> Floats:
    """Return the blind features: noisy conditions, and only noise for conditions that no feature measures."""
    deviation, hidden = SIGHT[scenario.sight]
    seen = conditions + deviation * rng.normal(size=conditions.shape)
    seen[:, :hidden] = rng.normal(size=(len(seen), hidden))
    return np.asarray(seen)
