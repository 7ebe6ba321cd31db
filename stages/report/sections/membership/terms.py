"""The terms of audits of membership, for the page's list."""

from __future__ import annotations

TERMS = {
    "Member": "a recording that is said to have been in the training data; a non-member is said not to have been.",
    "Target, reference": "the model under audit; a model known not to hold the recordings, asked the same beside it.",
    "Attack": "a score that a model gives a recording, higher where it looks more like a member.",
    "Primary, exploratory": "the few attacks that were named before the audit and may support a finding; all others, "
    "which are shown and never do.",
    "AUC": "the chance that a member drawn at random scores higher than a non-member drawn at random. 0.5 is chance, "
    "1.0 tells all of them apart.",
    "Interval": "in brackets after each figure: the values that are compatible with the data at 95 %, speakers being "
    "the unit, since clips of one speaker are not independent.",
    "Blind baseline": "the same question answered without the model, from the recordings and their texts alone. What "
    "it can tell apart is no evidence of memory.",
    "Population": "the clips on which a finding rests: the whole corpus where the blind baseline is at chance, else a "
    "subset of members and non-members that look alike to it.",
    "Calibrated difference": "the target's score less the reference's, scaled by how strongly both react to recording "
    "conditions (c). Placebo: among non-members, recording conditions must not predict it.",
    "True positives at 1 % false positives": "the share of members found when one non-member in a hundred is wrongly "
    "taken for one.",
    "p": "the chance of a result at least as strong without any memory; corrected (Holm) for the number of primary "
    "attacks.",
    "Quarantine": "recordings that could not be used, with the reason; they count nowhere else.",
}
