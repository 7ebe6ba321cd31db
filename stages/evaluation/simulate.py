"""What the verdict rule does where the truth is known: ``python -m stages.evaluation.simulate --audits 400``.

Six latent recording conditions act on five correlated attacks, on the target and on a reference; members may be
recorded in easier conditions (two of the six are shifted); blind features see the conditions with noise, among
useless ones; speakers have conditions and voices of their own. Memory, where there is any, raises the members'
scores on the target by a multiple of their deviation among non-members. The table gives, for each cell, the share of
audits with each finding and Wilson's 95 % interval of the share that claims memory.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from stages.core.randomness import generator
from stages.core.statistics import Floats, wilson
from stages.evaluation.judge import judge

CONDITIONS = 6
SHIFTED = 2
ATTACKS = 5
SENSITIVITY = np.array([0.8, 0.4, 0.3, 0.3, 0.2, 0.2])


@dataclass(frozen=True)
class Scenario:
    """One cell of the simulation.

    Attributes
    ----------
    shift : float
        Of two conditions of the members, in deviations; positive is easier.
    blind_noise : float
        Deviation of the noise with which blind features see the conditions: 0 in full, 0.5 or 1 in part, 2 poorly.
    useless : int
        Blind features that see nothing.
    scale : float
        Sensitivity of the reference, the target's being 1.
    proportional : bool
        Whether the reference's mix of conditions is the target's; else it is drawn on its own.
    memory : float
        In deviations of the non-members' score.
    side : int
        Clips on each side.
    speakers : int
    disjoint : bool
        Whether a speaker is on one side only.
    likeness : float
        Share of a condition's and of an attack's variance that lies between speakers.
    split : str
        As declared.
    """

    shift: float = 0.0
    blind_noise: float = 0.5
    useless: int = 0
    scale: float = 0.8
    proportional: bool = True
    memory: float = 0.0
    side: int = 500
    speakers: int = 50
    disjoint: bool = False
    likeness: float = 0.1
    split: str = "post_hoc"


def draw(scenario: Scenario, rng: np.random.Generator) -> dict[str, Any]:
    """Draw one audit: the arguments of `judge`, but for its params."""
    count = 2 * scenario.side
    member = np.arange(count) < scenario.side
    speaker = np.arange(count) * scenario.speakers // count if scenario.disjoint else np.arange(count)
    speaker = speaker % scenario.speakers

    def noise(columns: int) -> Floats:
        between = np.sqrt(scenario.likeness) * rng.normal(size=(scenario.speakers, columns))[speaker]
        return np.asarray(between + np.sqrt(1 - scenario.likeness) * rng.normal(size=(count, columns)))

    conditions = noise(CONDITIONS)
    conditions[member, :SHIFTED] += scenario.shift
    seen = conditions + scenario.blind_noise * rng.normal(size=conditions.shape)
    reacts = rng.uniform(0.8, 1.2, ATTACKS)
    ease = (conditions @ SENSITIVITY)[:, None] * reacts
    mix = SENSITIVITY if scenario.proportional else rng.permutation(SENSITIVITY) * rng.choice([-1, 1], CONDITIONS)
    reference_ease = scenario.scale * (conditions @ mix)[:, None] * reacts
    # Half of an attack's noise is common to all attacks, as they are statistics of the same tokens.
    target = ease + np.sqrt(0.5) * (noise(1) + noise(ATTACKS))
    reference = reference_ease + np.sqrt(0.5) * (noise(1) + noise(ATTACKS))
    target[member] += scenario.memory * target[~member].std(axis=0)
    return {
        "scores": {f"attack_{index}": column for index, column in enumerate(target.T)},
        "reference_scores": {f"attack_{index}": column for index, column in enumerate(reference.T)},
        "features": np.column_stack([seen, rng.normal(size=(count, scenario.useless))]),
        "member": member,
        "speaker": speaker,
        "split": scenario.split,
    }


def findings(scenario: Scenario, audits: int, seed: int) -> Counter[str]:
    """Count the findings of so many audits of one cell; none is dropped."""
    rng = generator(seed, "simulate", repr(scenario))
    return Counter(judge(**draw(scenario, rng), rng=rng)["verdict"]["finding"] for _ in range(audits))


def claims(found: Counter[str]) -> int:
    """Return how many audits claim memory."""
    return found["memorised"] + found["suspected"]


def cells() -> Iterator[tuple[str, Scenario]]:
    """Yield the cells of the table: one factor at a time around a base, then power."""
    random = Scenario(split="randomised")
    base = Scenario(shift=1.0)
    for noise in (0.0, 0.5, 1.0, 2.0):
        yield "randomised, no memory", replace(random, blind_noise=noise)
    for useless in (150, 400):
        yield "randomised, no memory", replace(random, useless=useless)
    for shift in (0.0, 0.5, 1.0, 2.0):
        for noise in (0.0, 0.5, 1.0, 2.0):
            yield "no memory", replace(base, shift=shift, blind_noise=noise)
    for useless in (150, 400):
        for shift in (0.5, 1.0, 2.0):
            yield "no memory", replace(base, shift=shift, useless=useless)
    for scale in (0.6, 1.5):
        for noise in (0.5, 2.0):
            yield "no memory", replace(base, scale=scale, blind_noise=noise)
    for shift in (0.5, 1.0, 2.0):
        yield "no memory, independent reference", replace(base, shift=shift, proportional=False)
    for likeness in (0.0, 0.1, 0.3):
        yield "no memory, disjoint speakers", replace(base, shift=0.0, disjoint=True, likeness=likeness)
    for shift in (0.0, 0.5):
        for noise in (0.0, 0.5, 1.0):
            yield "memory", replace(base, shift=shift, blind_noise=noise, memory=0.5)
    for likeness in (0.0, 0.1, 0.3):
        disjoint = replace(random, memory=0.5, disjoint=True, likeness=likeness)
        yield "memory, disjoint speakers", disjoint
    yield "randomised, memory", replace(random, memory=0.5)


def table(audits: int, seed: int) -> Iterator[str]:
    """Yield the lines of the table, in Markdown, each as soon as it is known."""
    yield "| cell | differs from the default in | findings | claims memory |"
    yield "|---|---|---|---|"
    default = Scenario()
    for name, scenario in cells():
        differs = ", ".join(
            f"{field.name} {getattr(scenario, field.name)}"
            for field in fields(scenario)
            if getattr(scenario, field.name) != getattr(default, field.name)
        )
        found = findings(scenario, audits, seed)
        shares = ", ".join(f"{finding} {count / audits:.2f}" for finding, count in sorted(found.items()))
        low, high = wilson(claims(found), audits)
        yield f"| {name} | {differs} | {shares} | {claims(found) / audits:.3f} [{low:.3f}, {high:.3f}] |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m stages.evaluation.simulate", description=__doc__)
    parser.add_argument("--audits", type=int, default=400, help="per cell (400)")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    for line in table(given.audits, given.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
