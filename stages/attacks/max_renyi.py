"""MaxRényi-K% and MinRényi-K%: mean of the largest or smallest Rényi entropies (VL-MIA, arXiv 2411.02902, eq. 3)."""

from __future__ import annotations

from stages.attacks.ragged import extremes_of, percent
from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows


@row_attack("max_renyi")
def max_renyi(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``max_renyi_<order>@<percent>`` and ``min_renyi_<order>@<percent>``, in nats, at most 0.

    The entropies are negated, because the target is more certain of members. ``max_renyi_<order>@0`` is the largest
    entropy alone. An order without a statistic is left out.
    """
    found: Columns = {}
    names = [name for order in settings.orders if (name := f"renyi_{order:g}") in rows.statistics]
    negated = -extremes_of([rows.statistic(name) for name in names], (0.0, *settings.shares))
    percents = [percent(share) for share in settings.shares]
    for name, ((_, largest), *parts) in zip(names, negated, strict=True):
        found[f"max_{name}@0"] = largest
        for share, (lowest, highest) in zip(percents, parts, strict=True):
            found[f"max_{name}@{share}"] = highest
            found[f"min_{name}@{share}"] = lowest
    return found
