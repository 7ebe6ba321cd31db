"""What the verdict rule does where the truth is known: ``python -m stages.evaluation.simulate --audits 400``.

The simulation runs randomised factorials over the factors of `stages.evaluation.scenario`. Every level of a factor
occurs equally often, in random combination with the levels of the others, and no audit is dropped. For each level (or
each cell), a block's table gives the share of audits that claim memory, with Wilson's 95 % interval. It also gives, for
the audits that the attacks alone would have claimed, how many each step of the rule rejected: the calibrated
difference, the placebo, the margin.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from stages.core.inference.statistics import holm, wilson
from stages.core.run.randomness import generator
from stages.evaluation.assess import rule
from stages.evaluation.evidence import AttackEvidence, beyond_p
from stages.evaluation.judge import prepared
from stages.evaluation.scenario import Scenario, draw
from stages.evaluation.settings import RuleSettings

CLAIMS = ("memorised", "suspected")
STEPS = ("attack", "difference", "placebo", "claim")
SIGHTS, USELESS, SCALES = ("full", "part", "poor"), (6, 150, 400), (0.6, 0.8, 1.5)


@dataclass(frozen=True)
class Block:
    """One factorial.

    Attributes
    ----------
    title : str
    base : Scenario
    factors : dict of str to tuple
        Levels of the fields of `base` that vary.
    size : float
        Number of audits, as a multiple of the command's audits per level.
    cells : tuple of str
        Factors whose combinations are tabulated; if empty, each factor is tabulated separately.
    """

    title: str
    base: Scenario
    factors: dict[str, tuple[Any, ...]]
    size: float
    cells: tuple[str, ...] = field(default=())

    def scenarios(self, audits: int, seed: int) -> list[Scenario]:
        """Draw the audits' scenarios; the numbers of occurrences of a factor's levels differ by at most one."""
        rng = generator(seed, "simulate", self.title)
        count = round(self.size * audits)
        columns = [
            [levels[at] for at in rng.permutation(np.resize(np.arange(len(levels)), count))]
            for levels in self.factors.values()
        ]
        return [replace(self.base, **dict(zip(self.factors, row, strict=True))) for row in zip(*columns, strict=True)]

    def rows(self) -> list[dict[str, object]]:
        """Return the rows of the table, each as the levels that are fixed in it."""
        if self.cells:
            combined = product(*(self.factors[name] for name in self.cells))
            return [dict(zip(self.cells, levels, strict=True)) for levels in combined]
        return [{}, *({name: level} for name, levels in self.factors.items() for level in levels)]


def blocks() -> list[Block]:
    """Return the factorials: first two for false alarms, then those for power, then those that only describe limits."""
    shifts = (0.0, 0.5, 1.0, 2.0)
    seen = {"sight": SIGHTS, "useless": USELESS, "scale": SCALES}
    speakers: dict[str, tuple[Any, ...]] = {"disjoint": (False, True), "likeness": (0.0, 0.1, 0.3)}
    random, post_hoc = Scenario(split="randomised", useless=6), Scenario(useless=6)
    unlike = replace(post_hoc, proportional=False)
    one = replace(post_hoc, sight="half")
    mixes: dict[str, tuple[Any, ...]] = {"proportional": (True, False), "scale": SCALES}
    unseen = replace(post_hoc, sight="none", useless=150)
    memory = replace(post_hoc, memory=0.5)
    disjoint = replace(random, memory=0.5, disjoint=True)
    likeness: dict[str, tuple[Any, ...]] = {"likeness": (0.0, 0.1, 0.3)}
    half, no = "Memory of half a deviation", "No memory, post hoc"
    return [
        Block("Randomised, no memory", random, {**seen, "proportional": (True, False), **speakers}, 3),
        Block(f"{no}, proportional reference", post_hoc, {"shift": shifts, **seen}, 4),
        Block(half, memory, {"shift": (0.0, 0.5), **seen, "sight": ("full", "good", "part")}, 3),
        Block(f"{half}, randomised, disjoint speakers", disjoint, likeness, 3),
        Block(f"{no}, independent reference", unlike, {"shift": shifts, **seen}, 4, ("shift", "sight")),
        Block(f"{no}, one shifted condition unseen", one, {"shift": shifts, "scale": SCALES}, 4, ("shift", "scale")),
        Block(f"{no}, nothing seen", unseen, {"shift": shifts, **mixes}, 4, ("shift", "proportional")),
    ]


@dataclass(frozen=True)
class SimulatedAudit:
    """One audit: its scenario, its finding, and the steps of the rule that a claim of memory passed."""

    scenario: Scenario
    finding: str
    steps: tuple[bool, ...]


def audit(scenario: Scenario, seed: int, number: int) -> SimulatedAudit:
    """Draw and judge one audit."""
    rng = generator(seed, "simulate", repr(scenario), number)
    settings = RuleSettings()
    case, blind = prepared(**draw(scenario, rng), settings=settings, rng=rng)
    ruling = rule(case, case.names, blind, settings, rng)
    finding = ruling.verdict.finding
    return SimulatedAudit(scenario, finding, (*_steps(ruling.evidence, settings.alpha), finding in CLAIMS))


def _steps(evidence: Mapping[str, AttackEvidence], alpha: float) -> tuple[bool, bool, bool]:
    """Return three answers: some attack separates the population; its difference does; and its placebo holds."""
    separating = [found for found in evidence.values() if found.separates(alpha)]
    adjusted = holm(np.array([beyond_p(found.held, found.calibrated) for found in evidence.values()]))
    beyond = any(p < alpha and found.separates(alpha) for p, found in zip(adjusted, evidence.values(), strict=True))
    return bool(separating), beyond, any(found.supported_p < alpha for found in separating)


def run(block: Block, audits: int, seed: int, workers: int) -> list[SimulatedAudit]:
    """Judge a block's audits; the result does not depend on the number of workers."""
    scenarios = block.scenarios(audits, seed)
    tasks = (delayed(audit)(scenario, seed, number) for number, scenario in enumerate(scenarios))
    outcomes = []
    for outcome in Parallel(n_jobs=workers, return_as="generator")(tasks):
        outcomes.append(outcome)
        if len(outcomes) % 100 == 0:
            print(f"{block.title}: {len(outcomes)} of {len(scenarios)}", file=sys.stderr, flush=True)
    return outcomes


def table(block: Block, outcomes: Sequence[SimulatedAudit]) -> Iterator[str]:
    """Yield the lines of a block's table, in Markdown."""
    yield f"### {block.title}"
    yield ""
    yield "| | audits | claim memory | attack separates | caught by d | by placebo | by margin | findings |"
    yield "|---|---|---|---|---|---|---|---|"
    for levels in block.rows():
        held = [outcome for outcome in outcomes if all(getattr(outcome.scenario, k) == v for k, v in levels.items())]
        name = ", ".join(f"{key} {value}" for key, value in levels.items()) or "all"
        yield f"| {name} | {len(held)} | " + " | ".join(_figures(held)) + " |"
    yield ""


def _figures(held: Sequence[SimulatedAudit]) -> Iterator[str]:
    count = max(1, len(held))
    reached = [sum(outcome.steps[step] for outcome in held) for step in range(len(STEPS))]
    low, high = wilson(reached[-1], len(held))
    yield f"{reached[-1] / count:.3f} [{low:.3f}, {high:.3f}]"
    yield f"{reached[0] / count:.2f}"
    controlled = any(outcome.scenario.split != "randomised" for outcome in held)  # a randomised split needs no control
    for before, after in pairwise(reached):
        yield f"{(before - after) / count:.2f}" if controlled else "-"
    findings = Counter(outcome.finding for outcome in held)
    yield ", ".join(f"{finding} {found / count:.2f}" for finding, found in findings.most_common())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m stages.evaluation.simulate", description=__doc__)
    parser.add_argument("--audits", type=int, default=400, help="per level of a factor (400)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--blocks", type=int, nargs="+", metavar="N", help="only these, counted from 1 (all)")
    given = parser.parse_args(arguments)
    for block in [block for number, block in enumerate(blocks(), 1) if number in (given.blocks or [number])]:
        print("\n".join(table(block, run(block, given.audits, given.seed, given.workers))), flush=True)


if __name__ == "__main__":
    main()
