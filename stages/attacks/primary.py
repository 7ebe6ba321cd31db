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
from stages.core.results.attackname import AttackName


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
    free = [name for name in CLIP_ATTACKS if not CLIP_ATTACKS[name].uses_labels]
    for name in primary:
        attack, named = AttackName.attack_of(name), AttackName.of(name)
        if attack not in rows and not _among(attack, free):
            known = ", ".join([*rows, *free])
            raise EarwitnessError(
                f"params.yaml: evaluation.primary_attacks: {attack!r} {_why_not(attack)}: use some of {known}"
            )
        if named is None or named.view not in {each.name for each in views}:
            known = ", ".join(each.name for each in views)
            raise EarwitnessError(
                f"params.yaml: evaluation.primary_attacks: {name!r}: its view is not computed: use {attack} with one "
                f"of {known}"
            )


def _why_not(attack: str) -> str:
    """Return why an attack cannot be primary."""
    if _among(attack, REFERENCE_ATTACKS):
        return "reads the reference, and cannot be primary"
    if _among(attack, (*LABELLED_ATTACKS, *CLIP_ATTACKS)):
        return "uses labels, and cannot be primary"
    return "has no such share or order" if _among(attack, ROW_ATTACKS) else "is no attack"


def _among(attack: str, names: Iterable[str]) -> bool:
    """Return whether an attack's score, with its share and order or without, is one of a registered name."""
    return any(attack == name or attack.startswith((f"{name}@", f"{name}_")) for name in names)
