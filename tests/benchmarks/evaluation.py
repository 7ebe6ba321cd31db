"""CPU seconds and memory of all statistics of 10,000 clips: ``python -m tests.benchmarks.evaluation [--tiny]``.

The blind baseline is fitted beforehand and is not counted. The benchmark of the attacks measures their share.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from stages.core.inference.population import Population, find_population
from stages.core.results.membership import Judgement
from stages.evaluation.assess import Blind, assess
from stages.evaluation.case import make_case
from stages.evaluation.scenario import Scenario, draw
from stages.evaluation.sensitivity import over_lengths, over_member_ratios
from stages.evaluation.settings import RuleSettings

FULL, TINY = (10_000, 500, 100), (200, 20, 9)
"""Clips, speakers and attacks."""
PRIMARY = 8
SECONDS, GIBIBYTES = 45.0, 2.0
"""Half of the 90 s that attacks and statistics may take together, on one core."""


def work(clips: int, speakers: int, attacks: int) -> Callable[[], Judgement]:
    """Return the statistics of an audit as a call; what it needs is made here."""
    rng = np.random.default_rng(0)
    drawn = draw(Scenario(side=clips // 2, speakers=speakers, memory=0.3, useless=100, split="randomised"), rng)
    scores, reference = (
        {
            f"attack_{number}": drawn[key][f"attack_{number % 5}"] + 0.2 * rng.normal(size=clips)
            for number in range(attacks)
        }
        for key in ("scores", "reference_scores")
    )
    case = make_case(scores, reference, drawn["features"], drawn["member"], drawn["speaker"], drawn["split"])
    settings = RuleSettings()
    population: Population = find_population(case.features, case.member, case.cluster, settings.population, rng)
    half = np.full(clips, 0.5)
    seconds = rng.random(clips)

    def statistics() -> dict[str, Any]:
        found = assess(case, case.names[:PRIMARY], Blind(population, half, half), settings, rng)
        for column in case.scores.T[:PRIMARY]:
            over_lengths(column, case.member, seconds)
            over_member_ratios(column, case.member, rng)
        return found

    return statistics


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what was measured and what is wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.evaluation")
    parser.add_argument("--tiny", action="store_true", help="a few clips, to see that it runs")
    clips, speakers, attacks = TINY if parser.parse_args(arguments).tiny else FULL
    statistics = work(clips, speakers, attacks)
    before = time.process_time()
    found = statistics()
    taken = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"statistics of {clips} clips, {attacks} attacks, CPU seconds: {taken:.1f}, {SECONDS:.0f} at most")
    print(f"their peak memory, GiB: {peak:.2f}, {GIBIBYTES:.0f} at most")
    print(f"their finding: {found.verdict.finding}, memorised")


if __name__ == "__main__":
    main()
