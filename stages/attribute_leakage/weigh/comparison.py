"""Compare prompting conditions on the same clips: McNemar's exact test, and a t test with speakers as the unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import binomtest, ttest_1samp

from stages.attribute_leakage.weigh.measures import Answers
from stages.core.inference.statistics import Bools, Ints, holm, renumbered
from stages.core.results.leakage_figures import ConditionComparison

BASELINE = "direct"


def mcnemar(one: Bools, other: Bools) -> float:
    """Return the two-sided p value of McNemar's exact test of paired outcomes; 1.0 where no pair differs.

    It is a binomial test (McNemar 1947, exact form): by chance, half of the pairs that differ favour each side.
    """
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    if only_one + only_other == 0:
        return 1.0
    return float(binomtest(only_one, only_one + only_other).pvalue)


def by_speaker(one: Bools, other: Bools, speakers: Ints) -> float:
    """Return the two-sided p value of a t test on the speakers' mean differences; 1.0 with fewer than three speakers.

    McNemar's test assumes that the clips of one speaker are independent, which they are not. This test does not.
    """
    codes = renumbered(speakers)
    sizes = np.bincount(codes)
    if len(sizes) < 3:
        return 1.0
    means = np.bincount(codes, one.astype(float) - other.astype(float)) / sizes
    if np.ptp(means) < 1e-12:
        return 1.0 if abs(means[0]) < 1e-12 else float(2.0 ** (1 - len(means)))  # no variance: a sign test
    return float(ttest_1samp(means, 0.0).pvalue)


def comparisons(cells: Mapping[tuple[str, str, str], Answers]) -> list[ConditionComparison]:
    """Compare every condition with `BASELINE`: the correct answers and, for free answers, the refusals.

    Parameters
    ----------
    cells : mapping of (attribute, condition, way) to Answers
        Without silence, whose questions are about no clip.

    Returns
    -------
    list of dict
        Sorted. Each p value is also given after Holm's correction over all comparisons of the audit.
    """
    found = [
        _compared(attribute, condition, way, outcome, cells[attribute, BASELINE, way], answers)
        for (attribute, condition, way), answers in sorted(cells.items())
        if condition != BASELINE and (attribute, BASELINE, way) in cells
        for outcome in (("correct", "refused") if way == "free" else ("correct",))
    ]
    by_clip = holm(np.array([row["p"] for row in found]))
    by_mean = holm(np.array([row["speaker_p"] for row in found]))
    for row, p, speaker_p in zip(found, by_clip, by_mean, strict=True):
        row["holm_p"], row["holm_speaker_p"] = float(p), float(speaker_p)
    return found


def _compared(
    attribute: str, condition: str, way: str, outcome: str, direct: Answers, answers: Answers
) -> ConditionComparison:
    order, base = np.argsort(answers.clip_ids), np.argsort(direct.clip_ids)  # the same clips in both
    one, other = answers.outcomes[order] == outcome, direct.outcomes[base] == outcome
    return {
        "attribute": attribute,
        "condition": condition,
        "baseline": BASELINE,
        "way": way,
        "outcome": outcome,
        "n": len(one),
        "more": int((one & ~other).sum()),
        "less": int((other & ~one).sum()),
        "difference": float(one.mean() - other.mean()) if len(one) else None,
        "p": mcnemar(one, other),
        "speaker_p": by_speaker(one, other, answers.speakers[order]),
    }
