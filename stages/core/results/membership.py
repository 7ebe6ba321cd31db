"""What an audit of membership finds: the verdict with its reasons, the population, and the evidence of every attack."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.core.results.described import CanaryResult, ModalityResult, SensitivityResult
from stages.core.results.model import Interval, Reason, Result
from stages.core.results.population import PopulationResult

Finding = Literal["not_audible", "memorised", "suspected", "confounded", "unresolved", "underpowered", "not_detected"]
Grade = Literal["randomised", "matched", "post_hoc"]
"""How the split was made; in a verdict, as far as the audit believes the declaration."""

MembershipCode = Literal[
    # Why a split that is declared randomised counts as post hoc.
    "split_unchecked",
    "split_seen_blind",
    "split_seen_on_reference",
    # Where a claim may be made.
    "not_audible",
    "population_unmeasured",
    "population_none",
    "population_whole",
    "population_matched",
    # What an attack shows in the population.
    "separates_population",
    "beyond_reference",
    "beyond_reference_at_every_c",
    "reference_missing",
    "reference_useless",
    "reference_run_otherwise",
    "own_reference_useless",
    "placebo_fails",
    "reference_separates",
    "not_beyond_reference",
    "not_beyond_reference_at_every_c",
    # What an attack shows on the corpus as given, if it shows nothing in a population.
    "corpus_recording_not_ruled_out",
    "corpus_recording_unmatched",
    "corpus_recording_matched",
    "corpus_recording_unknown",
    "corpus_too_few_clips",
    # Which effect would have been found.
    "underpowered",
    "powerless",
    "not_significant",
    # What to check.
    "below_chance",
    # What was left out or assumed.
    "labels_unknown",
    "sounds_on_both_sides",
    "texts_on_both_sides",
    "transcripts_blank",
    "speakers_assumed",
    "attack_not_scored",
    "clips_not_scored",
    "clips_cut_left_out",
    "clips_cut",
    "quantised",
]


class MembershipReason(Reason[MembershipCode]):
    """A reason: its code, and the figures in its sentence. `stages.core.words.membership` makes the sentence."""


class VerdictResult(Result):
    """The finding, its grade, and why.

    `reasons` are the sentences of `because`. `smallest_effect` is the AUC of the smallest memory that would have been
    found with a chance of 80 %. It is 1.0 if none would have been.
    """

    finding: Finding
    grade: Grade
    reasons: list[str]
    because: list[MembershipReason]
    smallest_effect: float


class TruePositives(Result):
    """The true-positive rate at a false-positive rate, and the conformal threshold (null with too few non-members)."""

    tpr: float | None
    ci: Interval
    threshold: float | None


class AttackDescription(Result):
    """An attack on the corpus as given; figures are null if members or non-members have no score.

    `delta_auc` is what the attack adds to the blind score's AUC; only primary attacks have it. The keys of `tpr_at_fpr`
    are false-positive rates.
    """

    n: int
    auc: float | None = None
    auc_ci: Interval | None = None
    delong_ci: Interval | None = None
    tpr_at_fpr: dict[str, TruePositives] = Field(default_factory=dict)
    discoveries: int = 0
    blind_correlation: float | None = None
    conditional_p: float | None = None
    delta_auc: float | None = None
    delta_auc_ci: Interval | None = None
    weighted_auc: float | None = None
    effective_n: float = 0.0


class CalibratedResult(Result):
    """An attack's calibrated difference to the reference, in the population.

    `p` is that at `c`, or the largest over `tested_c` if c is not identified. `holm_p` is the larger of the attack's p
    and the difference's p, corrected for the number of primary attacks. It is 1.0 if the placebo fails, or if c is not
    identified and the reference separates the population. `margin_p` is the p value at the margin.
    """

    auc: float
    auc_ci: Interval
    p: float
    holm_p: float
    margin_p: float
    c: float
    identified: bool
    tested_c: list[float]
    first_stage_f: float | None
    placebo_p: float
    placebo_holds: bool
    reference_p: float
    reference_allows: bool


class AttackTests(Result):
    """An attack's tests: on the corpus as given (`p_whole`), in the population, and beyond the reference.

    Figures in the population are null without a population. `holm_p` is corrected for the number of primary attacks.
    An exploratory attack has no `holm_p` and no calibrated difference.
    """

    p_whole: float
    p: float | None
    population_auc: float | None
    population_auc_ci: Interval | None
    holm_p: float | None = None
    calibrated_difference: CalibratedResult | None = None


class AttackResult(AttackDescription, AttackTests):
    """All figures of an attack.

    `reference_auc` is that of the same attack on the reference, on the corpus as given. `learned_p` is the p value,
    over permuted labels, of an attack that learns from labels. It is null for other attacks, and if
    attacks.permutations is 0.
    """

    primary: bool
    reference_auc: float | None
    learned_p: float | None = None


class SetResult(Result):
    """What the primary attacks show for the population as a set, and for its speakers."""

    p: float
    used_share_at_least: float
    speakers_tested: int
    speakers_significant: int


class ClipCounts(Result):
    """Numbers of labelled clips and of their speakers."""

    member: int
    non_member: int
    speakers: int


class Judgement(Result):
    """The result of the verdict rule on any numbers; attacks by name."""

    clips: ClipCounts
    population: PopulationResult
    attacks: dict[str, AttackResult]
    sets: SetResult | None
    verdict: VerdictResult

    @property
    def best_primary(self) -> str | None:
        """The primary attack with the highest AUC on the corpus as given; None if none has an AUC."""
        found = {name: attack.auc for name, attack in self.attacks.items() if attack.primary}
        known = {name: auc for name, auc in found.items() if auc is not None}
        return min(known, key=lambda name: (-known[name], name), default=None)


class BlindEstimator(Result):
    """The blind AUC of one estimator, and the mean, deviation and p value from refits on permuted labels."""

    auc: float | None
    auc_ci: Interval | None
    permutation_deviation: float | None
    permutation_mean: float | None
    permutation_p: float | None


class BlindFamily(BlindEstimator):
    """The blind AUC of a feature family; `same_speakers_auc` comes from folds that split speakers."""

    same_speakers_auc: float | None
    estimators: dict[str, BlindEstimator]


class AudioWindow(Result):
    """The longest audio that reaches target and reference, in seconds (null if unknown), and how many clips are longer.

    They are left out of the evidence unless `evaluation.cut_clips` includes them.
    """

    seconds: float | None
    clips_cut: int


class MembershipResult(Judgement):
    """A whole audit, as in `details.json`; `blind` is by feature family."""

    audit: str
    corpus: str
    target: str
    reference: str
    split: Grade
    window: AudioWindow
    blind: dict[str, BlindFamily]
    sensitivity: SensitivityResult
    modality: ModalityResult
    canaries: CanaryResult | None
