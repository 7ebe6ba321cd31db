"""The terms of experiments with backdoors. The section lists them at its own end."""

from __future__ import annotations

TERMS = {
    "AER": "attack effectiveness rate: among test clips whose right answer is not the attack answer, the share that is "
    "given the attack answer.",
    "Benign measure": "how well the model answers test clips without a trigger. Accuracy: the share of right answers. "
    "wer (word error rate): wrong words per word said. mae: the mean absolute error of an answer that is a number. "
    "Lower is better for wer and mae.",
    "DER": "defence effectiveness rate: half of (1 + the drop in AER \u2212 the drop in the benign measure). Both "
    "drops are shares; a rise counts as a drop of 0.",
    "Clean fine-tuning, fine-pruning": "defences that train the victim further on clips without poison. Fine-pruning "
    "first switches off the units that such clips hardly activate.",
    "Activation clustering": "groups (clusters) the training clips of one answer by the activations of a layer; one "
    "cluster may hold the poison. k is the number of clusters. Chosen by silhouette means: the k whose clusters are "
    "farthest apart relative to their width. This choice does not use the poison.",
    "Spectral signatures": "removes the training clips that lie farthest out along the direction in which a layer's "
    "activations for one answer vary most.",
    "STRIP": "mixes a clip with other clips and asks again: an answer that a trigger decides hardly changes. Its "
    "false positives are clips without a trigger that are taken for triggered.",
    "Scan: cell, shift, alarm": "a cell is one trigger with one question. Shift: the trigger brings significantly many "
    "clips to one answer. Alarm: the trigger brings most clips to this answer, and far more than in every clean model "
    "that it is compared with.",
}
