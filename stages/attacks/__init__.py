"""Membership scores from cached statistics: higher = more like a member.

There are four kinds of attack (see `stages.attacks.registry`), and each attack has its own file. To add an attack,
write its file, import it here and test it.
"""

from stages.attacks import (  # noqa: F401
    augmentation_kl,
    camia,
    con_recall,
    curvature,
    dc_pdd,
    ez,
    gradient_norm,
    indicators,
    loss,
    lowercase,
    max_prob_gap,
    max_renyi,
    min_k,
    min_k_pp,
    modified_entropy,
    neighbourhood,
    pac,
    quantile_regression,
    ratio,
    recall,
    repetition,
    rmia,
    sampling,
    surp,
    tellings,
    wbc,
    word_error,
    zlib,
)
from stages.attacks.registry import (
    CLIP_ATTACKS,
    LABELLED_ATTACKS,
    REFERENCE_ATTACKS,
    ROW_ATTACKS,
    AttackSettings,
    score,
)

__all__ = [
    "CLIP_ATTACKS",
    "LABELLED_ATTACKS",
    "REFERENCE_ATTACKS",
    "ROW_ATTACKS",
    "AttackSettings",
    "score",
]
