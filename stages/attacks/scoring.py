"""Run every attack on the gathered sheets: columns of scores by role and view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stages.attacks.gathering import Sheets
from stages.attacks.places import View
from stages.attacks.registry import (
    CLIP_ATTACKS,
    LABELLED_ATTACKS,
    REFERENCE_ATTACKS,
    Columns,
    Known,
    Learned,
    Sheet,
)
from stages.core.schemas.attacks import AttackKind

Scores = dict[tuple[str, View], Columns]


def score_sheets(sheets: Sheets, known: Known) -> tuple[Scores, dict[str, AttackKind]]:
    """Score every clip by every attack.

    Returns
    -------
    scores : dict of (role, View) to dict of str to float64[n]
        An attack that is defined for no clip is left out. Attacks that compare two targets stand under ``target``.
    kinds : dict of str to AttackKind
        The kind of each attack that was tried, whether it gave a score or not.
    """
    scores: Scores = {key: {} for key in sheets}
    kinds: dict[str, AttackKind] = {}
    for (role, view), sheet in sheets.items():
        for columns, uses_labels in ((sheet.columns, False), *clip_columns(sheet)):
            _add(scores[role, view], columns)
            kinds |= {name: {"uses_reference": False, "uses_labels": uses_labels} for name in columns}
        if role == "target":
            reference = sheets.get(("reference", view))
            compared = {} if reference is None else reference_columns(sheet, reference)
            _add(scores[role, view], compared)
            kinds |= {name: {"uses_reference": True, "uses_labels": False} for name in compared}
            for name, learned in _learned(sheet, reference, known):
                _add(scores[role, view], {name: learned.target})
                if learned.reference is not None:
                    _add(scores["reference", view], {name: learned.reference})
                kind = kinds.setdefault(name, {"uses_reference": False, "uses_labels": True, "p": {}})
                kind["p"][view.name] = learned.p
    return scores, kinds


def clip_columns(sheet: Sheet) -> Iterator[tuple[Columns, bool]]:
    """Yield the scores of every clip attack, and whether it uses labels."""
    for name in CLIP_ATTACKS:
        attack = CLIP_ATTACKS[name]
        yield attack(sheet), attack.uses_labels


def reference_columns(target: Sheet, reference: Sheet) -> Columns:
    """Return the scores of every reference attack."""
    found: Columns = {}
    for name in REFERENCE_ATTACKS:
        found |= REFERENCE_ATTACKS[name](target, reference)
    return found


def _learned(target: Sheet, reference: Sheet | None, known: Known) -> Iterator[tuple[str, Learned]]:
    if not 0 < known.member[known.labelled].sum() < known.labelled.sum():
        return  # A model cannot learn from one class alone.
    for name in LABELLED_ATTACKS:
        for score, learned in LABELLED_ATTACKS[name](target, reference, known).items():
            scored = known.member[known.labelled & np.isfinite(learned.target)]
            if 0 < scored.sum() < len(scored):  # Without both classes among the scores there is no AUC.
                yield score, learned


def _add(columns: Columns, found: Columns) -> None:
    columns |= {name: scores for name, scores in found.items() if np.isfinite(scores).any()}
