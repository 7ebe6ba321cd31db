"""Check the names of primary attacks before anything is computed."""

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
    """Return the names of all row attacks' scores if `logits` computes Rényi entropies of `orders`."""
    told = {need for name in ROW_ATTACKS for need in ROW_ATTACKS[name].needs}
    told |= {*NAMES, *(f"renyi_{order:g}" for order in orders)}
    nothing = Rows(dict.fromkeys(sorted(told), np.zeros(0)), np.zeros(1, np.intp), [], np.zeros(0, np.int64))
    return list(score_rows(nothing, settings))


def check_names(primary: Sequence[str], views: Sequence[View], rows: Sequence[str]) -> None:
    """Check that each name of a primary attack joins an attack that can be primary and a view that is computed.

    A target may lack the statistics that an attack needs. Only the scores show this, so `evaluation` checks it.

    Parameters
    ----------
    primary : sequence of str
        For example ``min_k@20/transcript/given/0``.
    views : sequence of View
        The views that `logits` computes.
    rows : sequence of str
        The names of the row attacks' scores, with the shares and orders that are computed.

    Raises
    ------
    EarwitnessError
        For the first wrong name; the message lists the names that may be used.
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
    """Return whether a score belongs to one of the named attacks; its share and order do not matter."""
    return any(attack == name or attack.startswith((f"{name}@", f"{name}_")) for name in names)
