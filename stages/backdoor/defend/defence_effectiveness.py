"""How much a defence lowers the attack's rate, and how much it costs the model.

DER = (max(0, ΔAER) - max(0, Δbenign) + 1) / 2 (arXiv 2304.11823): 1 for a
defence that removes an attack of 100 % at no cost, 0.5 for one without any effect, less for one that has only a cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.backdoor.measure.paired import paired_interval
from stages.core.inference.statistics import Bools, Floats
from stages.core.results.backdoor_figures import DefenceChange

BOOTSTRAPS = 1000


@dataclass(frozen=True)
class Answered:
    """A model's results on the test clips, in their order.

    Attributes
    ----------
    attack : float64[n]
        1.0 where the triggered clip gets the attack answer.
    right : float64[n]
        Correctness on the clean clip, in [0, 1].
    counts : bool[n]
        Where the right answer differs from the attack answer: only these clips count in the attack's rate.
    """

    attack: Floats
    right: Floats
    counts: Bools


@dataclass(frozen=True)
class Change:
    """A figure before and after a defence.

    Attributes
    ----------
    before, after : float
        Shares in [0, 1].
    drop : float
        `before` minus `after`.
    interval : (float, float)
        Of the drop, 95 %: of shares (every item 0 or 1) `paired_interval`, else by paired bootstrap over the items.
    """

    before: float
    after: float
    drop: float
    interval: tuple[float, float]

    def figures(self) -> DefenceChange:
        """Return what `details.json` holds of it."""
        return {"before": self.before, "after": self.after, "drop": self.drop, "interval": self.interval}


@dataclass(frozen=True)
class Effectiveness:
    """Benefit and cost of a defence.

    Attributes
    ----------
    attack : Change
        Of the attack effectiveness rate (AER).
    benign : Change
        Of the benign measure.
    der : float
        Defence effectiveness rate, in [0, 1].
    interval : (float, float)
        Of the DER, 95 %, by bootstrap over the clips, drawn once for attack and benign measure; it has no
        width where no clip's answer changes.
    """

    attack: Change
    benign: Change
    der: float
    interval: tuple[float, float]


def effectiveness(before: Answered, after: Answered, rng: np.random.Generator) -> Effectiveness:
    """Return benefit and cost of a defence.

    The clips are the unit of inference: where they share speakers, the intervals are too narrow.

    Parameters
    ----------
    before, after : Answered
        On the same clips, at least one of which counts.
    rng : Generator
        Of the bootstrap.

    Raises
    ------
    ValueError
        If no clip counts.
    """
    counts = before.counts
    if not counts.any():
        raise ValueError("a defence needs a clip whose right answer is not the attacker's to be measured on")
    clips = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), BOOTSTRAPS).astype(np.float64)
    clips = clips[clips @ counts > 0]  # a draw without a clip that counts has no rate
    attacks = clips @ ((before.attack - after.attack) * counts) / (clips @ counts)
    benigns = clips @ (before.right - after.right) / len(counts)
    attack = _change(before.attack[counts], after.attack[counts], attacks)
    benign = _change(before.right, after.right, benigns)
    low, high = np.quantile(_der(attacks, benigns), [0.025, 0.975])
    der = float(_der(np.array([attack.drop]), np.array([benign.drop]))[0])
    return Effectiveness(attack, benign, der, (float(low), float(high)))


def _der(attack_drop: Floats, benign_drop: Floats) -> Floats:
    return (np.maximum(0, attack_drop) - np.maximum(0, benign_drop) + 1) / 2


def _change(before: Floats, after: Floats, draws: Floats) -> Change:
    """Return the change; `draws` are the bootstrap's of its drop."""
    if np.isin([before, after], (0, 1)).all():
        interval = paired_interval(before == 1, after == 1)
    else:
        low, high = np.quantile(draws, [0.025, 0.975])
        interval = float(low), float(high)
    return Change(float(before.mean()), float(after.mean()), float((before - after).mean()), interval)
