"""The registries of attacks, the attacks' inputs, and `score`, which runs the row attacks on one row.

There are four kinds. Row attacks read the tokens of a row and work on any number of rows at once. Clip attacks read one
role's sheet of the whole audit: neighbours, probes, or the other clips' statistics. Reference attacks compare two
sheets. Labelled attacks learn from the labels of other speakers. Only row attacks, and clip attacks that use no labels,
can be primary.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from stages.attacks.ragged import Floats, Ints
from stages.attacks.rows import Rows
from stages.core.run.registry import Registry

Columns = dict[str, Floats]
"""Scores of all rows or clips by the attack's name; higher = more like a member, NaN where undefined."""


@dataclass(frozen=True)
class AttackSettings:
    """The grids of attacks: shares of a slice's tokens in (0, 1], and Rényi orders in (0, inf]."""

    shares: Sequence[float] = (0.1, 0.2, 0.5)
    orders: Sequence[float] = (0.5, 1.0, 2.0, inf)


@dataclass(frozen=True)
class RowAttack:
    """An attack on rows, with the statistics that it needs."""

    needs: tuple[str, ...]
    apply: Callable[[Rows, AttackSettings], Columns]


@dataclass(frozen=True)
class Around:
    """The neighbours of all clips, in any order.

    Attributes
    ----------
    clip : intp[m]
        Index of the clip that each neighbour was made from.
    perturbation : list of str
        Name of the perturbation that made each neighbour: m names.
    logprob : float64[m]
        Mean log-probability of the neighbour's transcript, in nats per token.
    distance : float64[m]
        Polarised distance of a text with swapped words (`stages.attacks.pac`); NaN for other neighbours.
    """

    clip: Ints
    perturbation: Sequence[str]
    logprob: Floats
    distance: Floats


@dataclass(frozen=True)
class Sheet:
    """One role's statistics of all n clips in one slice, prompting condition and instruction.

    Attributes
    ----------
    rows : Rows
        The original clips, one row per clip (empty where the clip has no row), with the statistics of `KEPT`.
    columns : dict of str to float64[n]
        The row attacks' scores.
    indicators : float64[n, d]
        The columns that the supervised attack learns from.
    around : Around
    probes : dict of str to float64[n]
        Values that `logits` computed with extra passes.
    """

    rows: Rows
    columns: Columns
    indicators: Floats
    around: Around
    probes: Mapping[str, Floats] = field(default_factory=dict)


KEPT = ("logprob", "hit")
"""Statistics of the originals that clip and reference attacks read."""


@dataclass(frozen=True)
class ClipAttack:
    """An attack on one role's sheet.

    Attributes
    ----------
    apply : callable
    uses_labels : bool
        Whether a probe that it reads used the labels of other clips. Such an attack cannot be primary.
    """

    apply: Callable[[Sheet], Columns]
    uses_labels: bool = False

    def __call__(self, sheet: Sheet) -> Columns:
        """Return the attack's score of every clip."""
        return self.apply(sheet)


@dataclass(frozen=True)
class Known:
    """Labels, speakers and blind features of the clips, for labelled attacks.

    Attributes
    ----------
    member : bool[n]
    labelled : bool[n]
        Whether membership is known.
    folds : intp[n]
        Each clip's fold; no speaker is in two folds.
    cluster : intp[n]
        Each clip's speaker.
    blind : float64[n, d]
        Features that are measured without any model; finite.
    permutations : bool[n, k]
        Permuted labels for a p value; k may be 0.
    """

    member: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    folds: Ints
    cluster: Ints
    blind: Floats
    permutations: NDArray[np.bool_]


@dataclass(frozen=True)
class Learned:
    """A labelled attack's out-of-fold scores.

    Attributes
    ----------
    target : float64[n]
        Scores of the target; NaN for clips that no fold could score.
    reference : float64[n] or None
        Scores of the reference by the same fitted models.
    p : float or None
        The AUC's p value from permuted labels; None if it was not computed.
    """

    target: Floats
    reference: Floats | None
    p: float | None = None


ReferenceAttack = Callable[[Sheet, Sheet], Columns]
LabelledAttack = Callable[[Sheet, Sheet | None, Known], dict[str, Learned]]

ROW_ATTACKS: Registry[RowAttack] = Registry("row attack")
CLIP_ATTACKS: Registry[ClipAttack] = Registry("clip attack")
REFERENCE_ATTACKS: Registry[ReferenceAttack] = Registry("reference attack")
LABELLED_ATTACKS: Registry[LabelledAttack] = Registry("labelled attack")

RowFunction = Callable[[Rows, AttackSettings], Columns]
ClipFunction = Callable[[Sheet], Columns]


def row_attack(name: str, *, needs: tuple[str, ...] = ()) -> Callable[[RowFunction], RowFunction]:
    """Register the decorated function as a row attack, with the statistics that it needs."""

    def add(function: RowFunction) -> RowFunction:
        ROW_ATTACKS.register(name)(RowAttack(needs, function))
        return function

    return add


def clip_attack(name: str, *, uses_labels: bool = False) -> Callable[[ClipFunction], ClipFunction]:
    """Register the decorated function as a clip attack; `uses_labels`: a probe of it used other clips' labels."""

    def add(function: ClipFunction) -> ClipFunction:
        CLIP_ATTACKS.register(name)(ClipAttack(function, uses_labels))
        return function

    return add


def reference_attack(name: str) -> Callable[[ReferenceAttack], ReferenceAttack]:
    """Register the decorated function as a reference attack."""
    return REFERENCE_ATTACKS.register(name)


def labelled_attack(name: str) -> Callable[[LabelledAttack], LabelledAttack]:
    """Register the decorated function as a labelled attack."""
    return LABELLED_ATTACKS.register(name)


def score_rows(rows: Rows, settings: AttackSettings, wanted: Collection[str] | None = None) -> Columns:
    """Return the scores of every row attack whose statistics exist; with `wanted`, only the named scores."""
    found: Columns = {}
    for name in ROW_ATTACKS:
        attack = ROW_ATTACKS[name]
        if all(need in rows.statistics for need in attack.needs) and _makes(attack, rows, settings, wanted):
            found |= attack.apply(rows, settings)
    return {name: column for name, column in found.items() if wanted is None or name in wanted}


def _makes(attack: RowAttack, rows: Rows, settings: AttackSettings, wanted: Collection[str] | None) -> bool:
    """Return whether an attack makes a score that is wanted. Applied to no rows, it names its scores at no cost."""
    if wanted is None:
        return True
    return not attack.apply(rows.take(np.zeros(0, np.intp)), settings).keys().isdisjoint(wanted)


def score(
    statistics: Mapping[str, NDArray[np.floating]],
    text: str,
    token_ids: NDArray[np.integer] | None = None,
    settings: AttackSettings | None = None,
) -> dict[str, float]:
    """Return every row attack's scores for one row, higher = more like a member.

    Parameters
    ----------
    statistics : dict of str to float[T]
        Per-token statistics of one slice, of any precision; attacks compute in float64. An attack is left out if its
        statistic is missing. A token does not count if its statistic is NaN. Infinite values count as ±745.
    text : str
        The transcript.
    token_ids : int[T], optional
        Without them, scores that depend on repeated tokens are left out.
    settings : AttackSettings, optional
        Shares and orders; the default settings if not given.

    Returns
    -------
    dict of str to float
        Scores by name, such as ``loss``, ``min_k@20`` (share in percent), ``max_renyi_0.5@10``. A score is finite if
        its statistic is known for at least one token; it is NaN for T = 0.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> score({"logprob": np.array([-1.0, -3.0])}, "ab")["loss"]
    -2.0
    """
    columns = score_rows(Rows.of_one(statistics, text, token_ids), settings or AttackSettings())
    return {name: column.item() for name, column in columns.items()}
