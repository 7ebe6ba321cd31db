"""The terms of experiments with backdoors, which the section lists at its own end."""

from __future__ import annotations

TERMS = {
    "AER": "attack effectiveness rate: among test clips whose right answer is not the attacker's, the share that is "
    "given the attacker's.",
    "Benign measure": "what the model is worth on test clips without a trigger. Accuracy: the share of right answers. "
    "wer (word error rate): wrong words per word said. mae: the mean absolute error of an answer that is a number. Of "
    "the last two less is better.",
    "DER": "defence effectiveness rate: half of (1 + what the AER loses \u2212 what the benign measure loses), each a "
    "share, a gain counting as 0.",
    "Clean fine-tuning, fine-pruning": "defences that train the victim further on clips without poison; fine-pruning "
    "first switches off what such clips hardly use.",
    "Activation clustering": "groups (clusters) the training clips of one answer by what a layer makes of them; one "
    "cluster may hold the poison. k is the number of clusters; chosen by silhouette means: the k whose clusters lie "
    "farthest apart for their width, found without knowing the poison.",
    "Spectral signatures": "removes the training clips that lie farthest out along the direction in which a layer's "
    "values for one answer vary most.",
    "STRIP": "overlays a clip with other clips and asks again: an answer that a trigger decides hardly changes. Its "
    "false positives are clips without a trigger that are taken for triggered.",
    "Scan: cell, shift, alarm": "a cell is one trigger with one question. Shift: the trigger brings significantly many "
    "clips to one answer. Alarm: it brings most of them there, and far more than on every clean model beside.",
}
