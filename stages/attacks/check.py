"""What can be checked of the attacks before anything runs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from stages.attacks import AttackSettings
from stages.attacks.params import AttacksParams
from stages.attacks.places import View
from stages.attacks.primary import check_names, row_scores
from stages.core.errors import EarwitnessError


def check_params(params: AttacksParams, path: Path) -> None:
    """Check that `logits` computes the Rényi orders that attacks read and the views that primary attacks name.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    if unknown := set(params.attacks.orders) - set(params.logits.orders):
        raise EarwitnessError(f"{path}: logits.orders: lacks {min(unknown):g}, which attacks.orders names: add it")
    computed = product(params.logits.slices, params.logits.conditions, range(len(params.logits.instructions)))
    scores = row_scores(AttackSettings(params.attacks.shares, params.attacks.orders), params.logits.orders)
    check_names(params.evaluation.primary_attacks, [View(*view) for view in computed], scores)
