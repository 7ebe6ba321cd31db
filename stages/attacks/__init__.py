"""Membership scores from cached statistics: higher = more like a member.

Four kinds (see `stages.attacks.registry`), one attack per file. To add one: write its file, list it here, test it.
"""

from stages.attacks import (
    camia,
    dc_pdd,
    ez,
    indicators,
    loss,
    lowercase,
    max_prob_gap,
    max_renyi,
    min_k,
    min_k_pp,
    modified_entropy,
    neighbourhood,
    probed,
    quantile_regression,
    ratio,
    rmia,
    wbc,
    zlib,
)
from stages.attacks.registry import (
    CLIP_ATTACKS,
    LABELLED_ATTACKS,
    REFERENCE_ATTACKS,
    ROW_ATTACKS,
    Settings,
    score,
)

__all__ = [
    "CLIP_ATTACKS",
    "LABELLED_ATTACKS",
    "REFERENCE_ATTACKS",
    "ROW_ATTACKS",
    "Settings",
    "camia",
    "dc_pdd",
    "ez",
    "indicators",
    "loss",
    "lowercase",
    "max_prob_gap",
    "max_renyi",
    "min_k",
    "min_k_pp",
    "modified_entropy",
    "neighbourhood",
    "probed",
    "quantile_regression",
    "ratio",
    "rmia",
    "score",
    "wbc",
    "zlib",
]
