"""The words of an audit of membership: findings, grades, and a sentence for every reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from stages.core.results.membership import Finding, Grade, MembershipCode, MembershipReason

FINDINGS: dict[Finding, tuple[str, str]] = {
    "memorised": (
        "Memorised",
        "The model remembers these recordings. It tells members from non-members, although both were drawn at random "
        "from one pool, so that only training sets them apart.",
    ),
    "suspected": (
        "Suspected",
        "The model seems to remember these recordings. It tells members from non-members even among clips that were "
        "recorded alike, and better than a model that is known not to hold them. An unmeasured difference in "
        "recording, to which the two models react differently, would look the same.",
    ),
    "confounded": (
        "Confounded",
        "The model tells members from non-members, but a difference in how they were recorded could explain it. This "
        "is evidence neither for memory nor against it.",
    ),
    "unresolved": (
        "Unresolved",
        "The model tells members from non-members, but the audit lacks what is needed to rule out a difference in "
        "recording: above all, a reference model that is known not to hold these recordings.",
    ),
    "underpowered": (
        "Underpowered",
        "No memory of these recordings was found, but there are too few comparable clips to find an effect of the size "
        "that matters.",
    ),
    "not_detected": (
        "Not detected",
        "No memory of these recordings was found. The smallest effect that would have been found is stated below. A "
        "weaker effect remains possible.",
    ),
    "not_audible": (
        "Not audible",
        "The audio does not reach the model: its answers are the same for every sound. Nothing can be said about "
        "recordings.",
    ),
}
"""For each finding, its name and what it means."""

GRADES: dict[Grade, tuple[str, str]] = {
    "randomised": (
        "drawn at random",
        "Chance decided which clips are members. Only such a split bounds the rate of false alarms: without memory, at "
        "most the share of audits that evaluation.alpha sets (0.05 unless it was changed) would claim memory.",
    ),
    "matched": (
        "chosen to be alike",
        "Properties that were not compared when members and non-members were chosen may still tell them apart, so no "
        "rate of false alarms can be stated.",
    ),
    "post_hoc": (
        "not known to be drawn at random",
        "Members and non-members may have been collected in different ways. Such differences cannot be separated from "
        "what the model remembers, so no rate of false alarms can be stated.",
    ),
}
"""For each grade, how the split was made and what that permits to say."""

SENTENCES: dict[MembershipCode, str] = {
    "split_unchecked": "the split is declared randomised, but this could not be checked: it counts as post hoc",
    "split_seen_blind": "the split is declared randomised, but the blind baseline tells members from non-members (AUC "
    "{auc:.2f}, p = {p:.1g} over permuted labels): it counts as post hoc",
    "split_seen_on_reference": "the split is declared randomised, but {attack} separates it on the reference, which "
    "never saw the data (AUC {auc:.2f}): it counts as post hoc",
    "not_audible": "the audio does not reach the target",
    "population_unmeasured": "no population in which a claim could be made: {found}",
    "population_none": "no population in which a claim could be made: blind AUC {auc:.2f} [{low:.2f}, {high:.2f}]; "
    "{found}",
    "population_whole": "population: {found} (blind AUC {auc:.2f} [{low:.2f}, {high:.2f}])",
    "population_matched": "population: {found} (AUC {auc:.2f} [{low:.2f}, {high:.2f}]); on the whole corpus the blind "
    "baseline has {whole_auc:.2f} [{whole_low:.2f}, {whole_high:.2f}]",
    "separates_population": "{attack} separates the population: AUC {auc:.2f} [{low:.2f}, {high:.2f}], p = {p:.1g} "
    "after Holm's correction over {attacks} primary attacks",
    "beyond_reference": "and by more than on the reference: calibrated difference AUC {auc:.2f} [{low:.2f}, "
    "{high:.2f}], p = {p:.1g}, at c = {c:.2f} (first-stage F {first_stage:.0f}), and significant at {margin:g} times c "
    "too; this assumes that the target is at most {margin:g} times as sensitive to unmeasured differences in recording "
    "as c implies; placebo p = {placebo_p:.2f}",
    "beyond_reference_at_every_c": "and by more than on the reference: calibrated difference AUC {auc:.2f} "
    "[{low:.2f}, {high:.2f}], p = {p:.1g}, the largest at c = {c_low:.2g}, {c_middle:.2g} and {c_high:.2g}; c cannot "
    "be estimated, because the reference hardly reacts to the measured features (first-stage F {first_stage:.1f}); "
    "placebo p = {placebo_p:.2f}",
    "reference_missing": "there is no reference target, so an unmeasured difference in recording could explain it",
    "reference_useless": "the reference's scores cannot be used (they are constant, or missing for too many clips), so "
    "an unmeasured difference in recording could explain it",
    "reference_run_otherwise": "the reference is of no use: the target is {target}, and the reference is {reference}; "
    "this alone moves scores, so an unmeasured difference in recording could explain any difference between them",
    "own_reference_useless": "its scores on the reference cannot be used (they are constant, or missing for too many "
    "clips), and no other attack passes the negative control",
    "placebo_fails": "but the placebo test fails: among non-members the blind features predict its calibrated "
    "difference (p = {placebo_p:.2g})",
    "reference_separates": "but it separates the population on the reference too (AUC {auc:.2f} [{low:.2f}, "
    "{high:.2f}]); the reference hardly reacts to the measured features (first-stage F {first_stage:.1f}), so it is "
    "unknown how strongly the target reacts to what the reference reacts to",
    "not_beyond_reference": "but not by significantly more than on the reference: calibrated difference AUC {auc:.2f} "
    "[{low:.2f}, {high:.2f}], p = {p:.2g} after Holm's correction at c = {c:.2f}, and p = {margin_p:.2g} at the "
    "margin, c = {margin_c:.2f}",
    "not_beyond_reference_at_every_c": "but not by significantly more than on the reference: calibrated difference AUC "
    "{auc:.2f} [{low:.2f}, {high:.2f}], p = {p:.2g} after Holm's correction, the largest at c = {c_low:.2g}, "
    "{c_middle:.2g} and {c_high:.2g}",
    "corpus_recording_not_ruled_out": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, "
    "{high:.2f}]), but there are too few clips or speakers to rule out recording differences",
    "corpus_recording_unmatched": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), "
    "but so does the blind baseline, and no matched subset was found",
    "corpus_recording_matched": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), but "
    "so does the blind baseline, and the attack does not separate the matched subset",
    "corpus_recording_unknown": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), but "
    "the blind baseline could not be fitted, so a difference in recording could explain it",
    "corpus_too_few_clips": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), but there "
    "are too few clips for a claim",
    "underpowered": "no primary attack is significant; the smallest AUC that would have been found with a chance of "
    "80 % is {smallest:.2f}, which is above evaluation.smallest_effect ({declared:.2f})",
    "powerless": "no primary attack is significant; in this population no effect of any size would have been found "
    "with a chance of 80 %, so also not evaluation.smallest_effect (an AUC of {declared:.2f})",
    "not_significant": "no primary attack is significant; an AUC of {smallest:.2f} would have been found with a chance "
    "of 80 %",
    "below_chance": "{attack} is far below 0.5 on the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]): members "
    "score lower than non-members; check whether the labels are swapped",
    "labels_unknown": "{clips} clips of unknown membership were left out",
    "sounds_on_both_sides": "{sounds} recordings are on both sides, so membership contradicts itself: their {clips} "
    "clips were left out",
    "texts_on_both_sides": "{clips} clips have a transcript that is on both sides ({texts} transcripts): what the "
    "target remembers of such a text helps it on both, so memory of texts is underestimated",
    "transcripts_blank": "{clips} of {all} labelled clips ({percent:.0f} %) have a blank transcript ({members} "
    "members, {non_members} non-members): their scores rest on the token that ends the answer alone, and show nothing "
    "of what is said in them",
    "speakers_assumed": "{assumed}",
    "attack_not_scored": "{attack} could not be scored: the target lacks the statistics that it needs",
    "clips_not_scored": "{clips} of {all} clips were not scored: the {role} {reason}",
    "clips_cut_left_out": "{clips} of {all} clips are longer than the {seconds:g} s that the models hear, and were "
    "left out of the evidence",
    "clips_cut": "{clips} of {all} clips are longer than the {seconds:g} s that the models hear; their scores cover "
    "words that were never heard",
    "quantised": "the target was audited with {weights} weights: its scores differ from those of the released weights",
}
"""The sentence of each code, with a placeholder for each of its figures."""

DIVIDED_BY_CHANCE = "the whole corpus, which was divided at random; the blind baseline does not contradict this"
"""How the population came about where a split is believed to be random."""


def sentence(reason: MembershipReason) -> str:
    """Return the sentence of a reason."""
    return SENTENCES[reason.code].format(**reason.figures)


def sentences(because: Sequence[MembershipReason]) -> list[str]:
    """Return the sentences of reasons."""
    return [sentence(reason) for reason in because]


def finding_words(finding: str) -> tuple[str, str]:
    """Return a finding's name and meaning; an unknown finding is its own name, and its meaning is blank."""
    return FINDINGS.get(cast(Finding, finding), (finding, ""))


def grade_words(grade: str) -> tuple[str, str]:
    """Return how a split was made and what that permits to say; an unknown grade is its own name."""
    return GRADES.get(cast(Grade, grade), (grade, ""))
