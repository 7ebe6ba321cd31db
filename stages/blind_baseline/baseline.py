"""What the stage reports on a corpus: `details.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stages.blind_baseline.giveaway import FeatureGiveaway, NgramGiveaway
from stages.blind_baseline.matching import GivenUp, HeldOutCheck
from stages.blind_baseline.scoring import ESTIMATORS, Clips, FamilyScore, effective_clips
from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.core.results.population import PopulationResult

BlindFigure = float | list[float] | None
BlindValue = BlindFigure | dict[str, dict[str, BlindFigure]]
"""A figure of a family, or the figures of each single estimator."""


@dataclass(frozen=True)
class Description:
    """What the stage reports in addition to AUCs and population.

    Attributes
    ----------
    giveaways : list of FeatureGiveaway
    ngrams : list of NgramGiveaway
    given_up : GivenUp or None
        None if there is no matched population.
    held_out : list of HeldOutCheck
        Empty if there is no matched population.
    notes : list of str
        Assumptions that the stage had to make.
    """

    giveaways: list[FeatureGiveaway] = field(default_factory=list)
    ngrams: list[NgramGiveaway] = field(default_factory=list)
    given_up: GivenUp | None = None
    held_out: list[HeldOutCheck] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def baseline_details(
    corpus: str, clips: Clips, folds: int, scores: dict[str, FamilyScore], found: Population, said: Description
) -> dict[str, Any]:
    """Return `details.json` of a corpus."""
    speakers = int(clips.cluster.max()) + 1 if len(clips.cluster) else 0
    return {
        "corpus": corpus,
        "clips": {
            "member": int(clips.labels.sum()),
            "non_member": int((~clips.labels).sum()),
            "unknown": int((~clips.known).sum()),
            "speakers": speakers,
        },
        "folds": folds,
        "blind": {family: _family(score) for family, score in scores.items()},
        "population": PopulationResult.of(found, clips.labels).plain(),
        "given_up": said.given_up,
        "held_out": said.held_out,
        "odds_weights": effective_clips(scores["fused"].odds_weight, clips.member),
        "giveaways": said.giveaways,
        "ngrams": said.ngrams,
        "notes": said.notes,
    }


def _family(score: FamilyScore) -> dict[str, BlindValue]:
    alone: dict[str, dict[str, BlindFigure]] = {name: _block(score.estimators.get(name)) for name in ESTIMATORS}
    return {**_block(score.interval), "same_speakers_auc": score.same_speakers, "estimators": alone}


def _block(interval: BlindInterval | None) -> dict[str, BlindFigure]:
    if interval is None:
        return dict.fromkeys(("auc", "auc_ci", "permutation_deviation", "permutation_mean", "permutation_p"))
    return {
        "auc": interval.auc,
        "auc_ci": [interval.low, interval.high],
        "permutation_deviation": interval.deviation,
        "permutation_mean": interval.mean,
        "permutation_p": interval.p,
    }
