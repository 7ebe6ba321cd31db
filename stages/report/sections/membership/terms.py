"""The terms of audits of membership, for the page's list."""

from __future__ import annotations

TERMS = {
    "Member": "a recording that is said to have been in the training data; a non-member is said not to have been.",
    "Target, reference": "the target is the model under audit. The reference is a model known not to have been trained "
    "on the recordings, which scores them too.",
    "Attack": "a score that a model gives a recording, higher where it looks more like a member.",
    "Primary, exploratory": "primary attacks are the few that were named before the audit; only they may support a "
    "finding. All other attacks are exploratory and are shown for comparison.",
    "AUC": "the chance that a member drawn at random scores higher than a non-member drawn at random. 0.5 is chance, "
    "1.0 tells all of them apart.",
    "Interval": "in brackets after each figure: the values that are compatible with the data at 95 %. Its unit is the "
    "speaker, because clips of one speaker are not independent.",
    "Blind baseline": "the same question answered without the model, from the recordings and their texts alone. What "
    "it can tell apart is no evidence of memory.",
    "Population": "the clips on which a finding rests: the whole corpus where the blind baseline is at chance, else a "
    "subset of members and non-members that look alike to it.",
    "Calibrated difference": "the target's score minus c times the reference's; c says how strongly the target reacts "
    "to recording conditions compared with the reference. Placebo: among non-members, recording conditions must not "
    "predict it.",
    "True positives at 1 % false positives": "the share of members found when one non-member in a hundred is wrongly "
    "taken for one.",
    "p": "the chance of a result at least as strong without any memory; corrected (Holm) for the number of primary "
    "attacks.",
    "Quarantine": "recordings that could not be used, with the reason. No other figure counts them.",
}
