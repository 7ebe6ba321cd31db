"""The registries of attacks, what an attack is given, and `score`, which runs the row attacks on one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from stages.core.registry import Registry

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Settings:
    """The grids of attacks that have one: shares of a slice's tokens in (0, 1], and Rényi orders in (0, inf]."""

    shares: Sequence[float] = (0.1, 0.2, 0.5)
    orders: Sequence[float] = (0.5, 1.0, 2.0, inf)


@dataclass(frozen=True)
class Scored:
    """One scored slice of one row.

    Attributes
    ----------
    statistics : dict of str to float[T]
        As `stages.logits.statistics.token_statistics` names them; T >= 1.
    text : str
        The transcript.
    token_ids : int[T] or None
        Where the caller has them.
    """

    statistics: Mapping[str, Floats]
    text: str
    token_ids: NDArray[np.integer] | None = None


RowAttack = Callable[[Scored, Settings], dict[str, float]]
NeighbourAttack = Callable[[Scored, Sequence[Scored]], dict[str, float]]
ReferenceAttack = Callable[[Scored, Scored], dict[str, float]]

ROW_ATTACKS: Registry[RowAttack] = Registry("row attack")
NEIGHBOUR_ATTACKS: Registry[NeighbourAttack] = Registry("neighbour attack")
REFERENCE_ATTACKS: Registry[ReferenceAttack] = Registry("reference attack")


def score(
    statistics: Mapping[str, Floats],
    text: str,
    token_ids: NDArray[np.integer] | None = None,
    settings: Settings | None = None,
) -> dict[str, float]:
    """Return every row attack's scores for one row, higher = more like a member.

    Parameters
    ----------
    statistics : dict of str to float[T]
        Per-token statistics of one slice.
    text : str
        The transcript.
    token_ids : int[T], optional
    settings : Settings, optional
        Shares and orders; the defaults where not given.

    Returns
    -------
    dict of str to float
        By name, such as ``loss``, ``min_k@20`` (share in percent), ``max_renyi_0.5@10``. All NaN for T = 0.
    """
    row = Scored(statistics, text, token_ids)
    found: dict[str, float] = {}
    if len(statistics["logprob"]) == 0:
        one = {name: np.zeros(1) for name in statistics}
        return dict.fromkeys(score(one, text, None, settings), np.nan)
    for name in ROW_ATTACKS:
        found |= ROW_ATTACKS[name](row, settings or Settings())
    return found


def count_of(share: float, tokens: int) -> int:
    """Return how many of `tokens` a share takes: its floor, but at least one, so that short answers have a score."""
    return max(1, int(share * tokens + 1e-9))


def percent(share: float) -> str:
    """Return a share as it stands in an attack's name: 0.2 gives ``20``."""
    return f"{100 * share:g}"
