"""Membership scores from cached token statistics: higher = more like a member.

Three kinds, one attack per file. Row attacks read one clip's statistics; neighbour attacks compare a clip with its
neighbours; reference attacks compare what two targets say of one clip. To add one: write its file, list it here,
test it.
"""

from stages.attacks import loss, max_prob_gap, max_renyi, min_k, min_k_pp, modified_entropy, neighbourhood, ratio, zlib
from stages.attacks.registry import NEIGHBOUR_ATTACKS, REFERENCE_ATTACKS, ROW_ATTACKS, Scored, Settings, score

__all__ = [
    "NEIGHBOUR_ATTACKS",
    "REFERENCE_ATTACKS",
    "ROW_ATTACKS",
    "Scored",
    "Settings",
    "loss",
    "max_prob_gap",
    "max_renyi",
    "min_k",
    "min_k_pp",
    "modified_entropy",
    "neighbourhood",
    "ratio",
    "score",
    "zlib",
]
