"""MaxRényi-K% and MinRényi-K%: mean of the largest or smallest Rényi entropies (VL-MIA, arXiv 2411.02902, eq. 3)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings, count_of, percent


@ROW_ATTACKS.register("max_renyi")
def max_renyi(row: Scored, settings: Settings) -> dict[str, float]:
    """Return ``max_renyi_<order>@<percent>`` and ``min_renyi_<order>@<percent>``, negated: members are more certain.

    ``max_renyi_<order>@0`` is the largest entropy alone. In nats, at most 0.
    """
    found: dict[str, float] = {}
    for order in settings.orders:
        ordered = np.sort(row.statistics[f"renyi_{order:g}"])
        found[f"max_renyi_{order:g}@0"] = -float(ordered[-1])
        for share in settings.shares:
            count = count_of(share, len(ordered))
            found[f"max_renyi_{order:g}@{percent(share)}"] = -float(ordered[-count:].mean())
            found[f"min_renyi_{order:g}@{percent(share)}"] = -float(ordered[:count].mean())
    return found
