"""An audit of membership in words: findings, grades, and a sentence for every reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from stages.core.results.membership import Finding, Grade, MembershipCode, MembershipReason

FINDINGS: dict[Finding, tuple[str, str]] = {
    "memorised": (
        "Memorised",
        "The model remembers these recordings: it tells members from non-members, although they were drawn at random "
        "from one pool and nothing but training tells them apart.",
    ),
    "suspected": (
        "Suspected",
        "The model seems to remember these recordings: it tells members from non-members also where they were "
        "recorded alike, and by more than a model that is known not to hold them. A difference in recording that "
        "nothing measured, and to which the two models react differently, would look the same.",
    ),
    "confounded": (
        "Confounded",
        "Members and non-members can be told apart, but a difference in how they were recorded explains it as well. "
        "This is no evidence of memory, and none against it.",
    ),
    "unresolved": (
        "Unresolved",
        "The model tells members from non-members, but what is needed to rule out a difference in recording is "
        "missing: above all, a reference model known not to hold them.",
    ),
    "underpowered": (
        "Underpowered",
        "Nothing was found, and nothing could have been: there are too few comparable clips to see an effect of the "
        "size that matters.",
    ),
    "not_detected": (
        "Not detected",
        "No memory of these recordings was found. The smallest effect that would have been seen is stated below; a "
        "weaker one remains possible.",
    ),
    "not_audible": (
        "Not audible",
        "The audio does not reach the model: it answers alike whatever it hears. Nothing can be said about recordings.",
    ),
}
"""For each finding, its name and what it means."""

GRADES: dict[Grade, tuple[str, str]] = {
    "randomised": (
        "drawn at random",
        "Chance decided which clips are members. Only such a split supports a statement about how often a finding "
        "would be a false alarm: in at most the share of audits that evaluation.alpha names (0.05 unless it was "
        "changed).",
    ),
    "matched": (
        "chosen to be alike",
        "What was not looked at when members and non-members were chosen may still tell them apart, so no rate of "
        "false alarms can be stated.",
    ),
    "post_hoc": (
        "not known to be drawn at random",
        "Whatever differed between how members and non-members were collected is mixed with what the model "
        "remembers, so no rate of false alarms can be stated.",
    ),
}
"""For each grade, how the split was made and what that permits to say."""

SENTENCES: dict[MembershipCode, str] = {
    "split_unchecked": "the split calls itself randomised, which could not be checked: it counts as post hoc",
    "split_seen_blind": "the split calls itself randomised, but without the model members are told from non-members "
    "with AUC {auc:.2f}, which random labels give with p = {p:.1g}: it counts as post hoc",
    "split_seen_on_reference": "the split calls itself randomised, but {attack} separates it on the reference, which "
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
    "{high:.2f}], p = {p:.1g}, at c = {c:.2f} (first-stage F {first_stage:.0f}) and {margin:g} times c; this assumes "
    "the target at most {margin:g} times more sensitive than c implies to what nobody measured; placebo p = "
    "{placebo_p:.2f}",
    "beyond_reference_at_every_c": "and by more than on the reference: calibrated difference AUC {auc:.2f} "
    "[{low:.2f}, {high:.2f}], p = {p:.1g}, at c = {c_low:.2g}, {c_middle:.2g} and {c_high:.2g} alike, because the "
    "reference hardly reacts to anything measured (first-stage F {first_stage:.1f}); placebo p = {placebo_p:.2f}",
    "reference_missing": "there is no reference target, so a difference in recording that nobody measured could "
    "explain it",
    "reference_useless": "the reference's scores are of no use, so a difference in recording that nobody measured "
    "could explain it",
    "own_reference_useless": "its reference's scores are of no use, and no other attack passes the negative control",
    "placebo_fails": "but the placebo fails: among non-members the blind features predict its calibrated difference "
    "(p = {placebo_p:.2g})",
    "reference_separates": "but so does the reference (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), which reacts to nothing "
    "measured (first-stage F {first_stage:.1f}): by how much the target should is unknown",
    "not_beyond_reference": "but not by enough more than on the reference: calibrated difference AUC {auc:.2f} "
    "[{low:.2f}, {high:.2f}], p = {p:.2g} after Holm's correction at c = {c:.2f}, and {margin_p:.2g} at "
    "{margin_c:.2f}, the margin",
    "not_beyond_reference_at_every_c": "but not by enough more than on the reference: calibrated difference AUC "
    "{auc:.2f} [{low:.2f}, {high:.2f}], p = {p:.2g} at c = {c_low:.2g}, {c_middle:.2g} and {c_high:.2g} alike, after "
    "Holm's correction",
    "corpus_recording_not_ruled_out": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, "
    "{high:.2f}]), and there are too few clips or speakers to rule out recording differences",
    "corpus_recording_unmatched": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), "
    "but so does the recording, and nothing is left to match",
    "corpus_recording_matched": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), but "
    "so does the recording, and in the matched subset the attack does not",
    "corpus_recording_unknown": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), and "
    "how the clips were recorded is unknown",
    "corpus_too_few_clips": "{attack} separates the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]), but there "
    "are too few clips for a claim",
    "underpowered": "no primary attack is significant, and with a chance of 80 % this population would have shown an "
    "AUC of {smallest:.2f} at the least, not the {declared:.2f} that is declared",
    "powerless": "no primary attack is significant, and this population would have shown no effect of any size with a "
    "chance of 80 %, so not the AUC of {declared:.2f} that is declared",
    "not_significant": "no primary attack is significant; an AUC of {smallest:.2f} would have been seen with a chance "
    "of 80 %",
    "below_chance": "{attack} is far below 0.5 on the corpus as given (AUC {auc:.2f} [{low:.2f}, {high:.2f}]): members "
    "score lower than non-members; look whether the sides are swapped",
    "labels_unknown": "{clips} clips of unknown membership were left out",
    "speakers_assumed": "{assumed}",
    "attack_not_scored": "{attack} could not be scored: the target lacks the statistics that it needs",
}
"""For each code the sentence, with places for its figures."""

DIVIDED_BY_CHANCE = "the whole corpus, which chance divided; the blind baseline does not say otherwise"
"""How the population of a believed random split came about."""


def sentence(reason: MembershipReason) -> str:
    """Return the sentence of a reason."""
    return SENTENCES[reason.code].format(**reason.figures)


def sentences(because: Sequence[MembershipReason]) -> list[str]:
    """Return the sentences of reasons."""
    return [sentence(reason) for reason in because]


def finding_words(finding: str) -> tuple[str, str]:
    """Return a finding's name and meaning; one that is not known stands for itself."""
    return FINDINGS.get(cast(Finding, finding), (finding, ""))


def grade_words(grade: str) -> tuple[str, str]:
    """Return how a split was made and what it permits; one that is not known stands for itself."""
    return GRADES.get(cast(Grade, grade), (grade, ""))
