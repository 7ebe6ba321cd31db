"""Names of primary attacks, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stages.attacks.places import View
from stages.attacks.registry import CLIP_ATTACKS, LABELLED_ATTACKS, REFERENCE_ATTACKS, ROW_ATTACKS
from stages.core.errors import EarwitnessError

FREE = (ROW_ATTACKS, CLIP_ATTACKS)
"""Registries of attacks that read one target alone and no labels."""


def check_names(primary: Sequence[str], views: Sequence[View]) -> None:
    """Check that names of primary attacks are made of an attack that can be primary and a view that is computed.

    Whether an attack has a score of that share or order, only its scores say; `evaluation` looks at these.

    Parameters
    ----------
    primary : sequence of str
        Such as ``min_k@20/transcript/given/0``.
    views : sequence of View
        Those that `logits` computes.

    Raises
    ------
    EarwitnessError
        Naming the first name that is not, and what there is.
    """
    for name in primary:
        attack, _, view = name.partition("/")
        if not _among(attack, (each for registry in FREE for each in registry)):
            learned = _among(attack, (*REFERENCE_ATTACKS, *LABELLED_ATTACKS))
            why = "reads the reference or is learned, and cannot be primary" if learned else "is no attack"
            known = ", ".join(each for registry in FREE for each in registry)
            raise EarwitnessError(f"params.yaml: evaluation.primary_attacks: {attack!r} {why}: use some of {known}")
        if view not in {each.name for each in views}:
            known = ", ".join(each.name for each in views)
            raise EarwitnessError(
                f"params.yaml: evaluation.primary_attacks: {name!r}: no {view!r} is computed: use one of {known}"
            )


def _among(attack: str, names: Iterable[str]) -> bool:
    """Return whether an attack's score, with its share and order or without, is one of a registered name."""
    return any(attack == name or attack.startswith((f"{name}@", f"{name}_")) for name in names)
