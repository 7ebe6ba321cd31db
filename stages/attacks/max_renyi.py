"""MaxRényi-K% and MinRényi-K%: mean of the largest or smallest Rényi entropies (VL-MIA, arXiv 2411.02902, eq. 3)."""

from __future__ import annotations

from stages.attacks.ragged import count_of, percent
from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows


@row_attack("max_renyi")
def max_renyi(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``max_renyi_<order>@<percent>`` and ``min_renyi_<order>@<percent>``, in nats, at most 0.

    The entropies are negated, because the target is more certain of members. ``max_renyi_<order>@0`` is the largest
    entropy alone. An order without a statistic is left out.
    """
    found: Columns = {}
    for order in settings.orders:
        name = f"renyi_{order:g}"
        if name not in rows.statistics:
            continue
        ordered = rows.statistic(name).ordered()
        found[f"max_{name}@0"] = -ordered.mean_of_last(count_of(0.0, ordered.lengths))
        for share in settings.shares:
            counts = count_of(share, ordered.lengths)
            found[f"max_{name}@{percent(share)}"] = -ordered.mean_of_last(counts)
            found[f"min_{name}@{percent(share)}"] = -ordered.mean_of_first(counts)
    return found
