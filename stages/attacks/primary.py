"""Names of primary attacks, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stages.attacks.modified_entropy import NAMES
from stages.attacks.places import View
from stages.attacks.registry import (
    CLIP_ATTACKS,
    LABELLED_ATTACKS,
    REFERENCE_ATTACKS,
    ROW_ATTACKS,
    AttackSettings,
    score_rows,
)
from stages.attacks.rows import Rows
from stages.core.errors import EarwitnessError


def row_scores(settings: AttackSettings, orders: Sequence[float]) -> list[str]:
    """Return the names of all scores of row attacks, where Rényi entropies of `orders` are computed."""
    told = {need for name in ROW_ATTACKS for need in ROW_ATTACKS[name].needs}
    told |= {*NAMES, *(f"renyi_{order:g}" for order in orders)}
    nothing = Rows(dict.fromkeys(sorted(told), np.zeros(0)), np.zeros(1, np.intp), [], np.zeros(0, np.int64))
    return list(score_rows(nothing, settings))


def check_names(primary: Sequence[str], views: Sequence[View], rows: Sequence[str]) -> None:
    """Check that names of primary attacks are made of an attack that can be primary and a view that is computed.

    Whether a target tells what an attack needs, only its scores say; `evaluation` looks at these.

    Parameters
    ----------
    primary : sequence of str
        Such as ``min_k@20/transcript/given/0``.
    views : sequence of View
        Those that `logits` computes.
    rows : sequence of str
        Scores of row attacks, with the shares and orders that are computed.

    Raises
    ------
    EarwitnessError
        Naming the first name that is not, and what there is.
    """
    for name in primary:
        attack, _, view = name.partition("/")
        if attack not in rows and not _among(attack, CLIP_ATTACKS):
            learned = _among(attack, (*REFERENCE_ATTACKS, *LABELLED_ATTACKS))
            kind = "has no such share or order" if _among(attack, ROW_ATTACKS) else "is no attack"
            why = "reads the reference or is learned, and cannot be primary" if learned else kind
            known = ", ".join([*rows, *CLIP_ATTACKS])
            raise EarwitnessError(f"params.yaml: evaluation.primary_attacks: {attack!r} {why}: use some of {known}")
        if view not in {each.name for each in views}:
            known = ", ".join(each.name for each in views)
            raise EarwitnessError(
                f"params.yaml: evaluation.primary_attacks: {name!r}: no {view!r} is computed: use one of {known}"
            )


def _among(attack: str, names: Iterable[str]) -> bool:
    """Return whether an attack's score, with its share and order or without, is one of a registered name."""
    return any(attack == name or attack.startswith((f"{name}@", f"{name}_")) for name in names)
