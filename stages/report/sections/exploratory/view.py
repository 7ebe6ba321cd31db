"""The view of an audit's exploratory attacks, as rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stages.core.words.figures import number, probability
from stages.report.formatting import Figures, estimate_text


@dataclass(frozen=True)
class ExploratoryRow:
    """An attack's figures over all clips, as text; `learned_p` is the p value of an attack that learns from labels."""

    name: str
    auc: str
    learned_p: str
    reference: str
    blind_correlation: str


@dataclass(frozen=True)
class ExploratoryView:
    """An audit's exploratory attacks, the highest AUC first."""

    name: str
    attacks: Sequence[ExploratoryRow]


def exploratory_view(details: Figures) -> ExploratoryView:
    """Return the view of an audit's exploratory attacks. There may be none."""
    attacks: Figures = details.get("attacks", {})
    names = [name for name, found in attacks.items() if not found.get("primary")]
    names.sort(key=lambda name: (-(attacks[name].get("auc") or 0.0), name))
    return ExploratoryView(details["audit"], [_row(name, attacks[name]) for name in names])


def _row(name: str, found: Figures) -> ExploratoryRow:
    return ExploratoryRow(
        name=name,
        auc=estimate_text(found),
        learned_p=probability(found.get("learned_p")),
        reference=number(found.get("reference_auc")),
        blind_correlation=number(found.get("blind_correlation")),
    )
