"""An audit's numbers, checked and put into one order, from the stage or from a caller of `judge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stages.core.errors import EarwitnessError
from stages.core.inference.folds import speaker_clusters
from stages.core.inference.statistics import Bools, Floats, Ints
from stages.core.results.membership import Grade, MembershipReason

SPLITS: tuple[Grade, ...] = get_args(Grade)


@dataclass(frozen=True)
class AuditCase:
    """The labelled clips of an audit.

    Attributes
    ----------
    names : list of str
        Names of the attacks.
    scores : float64[n, k]
        NaN if an attack has no score for a clip; never infinite.
    reference : float64[n, k] or None
        Scores of the same attacks on the reference.
    features : float64[n, d]
    member : bool[n]
    cluster : intp[n]
        Speaker codes.
    split : Grade
        As declared.
    notes : list of MembershipReason
        What was left out or assumed.
    rows : intp[n]
        Each clip's row in the input.
    run_otherwise : MembershipReason or None
        Why the reference's scores cannot be compared with the target's, if they cannot.
    """

    names: list[str]
    scores: Floats
    reference: Floats | None
    features: Floats
    member: Bools
    cluster: Ints
    split: Grade
    notes: list[MembershipReason]
    rows: Ints
    run_otherwise: MembershipReason | None = None

    def only(self, names: Sequence[str]) -> AuditCase:
        """Return the case with some of its attacks."""
        columns = [self.names.index(name) for name in names]
        reference = None if self.reference is None else self.reference[:, columns]
        return replace(self, names=list(names), scores=self.scores[:, columns], reference=reference)


def make_case(
    scores: Mapping[str, ArrayLike],
    reference_scores: Mapping[str, ArrayLike] | None,
    features: ArrayLike,
    member: Sequence[Any] | NDArray[Any],
    speaker: Sequence[Any] | NDArray[Any],
    split: str,
    deciding: Sequence[str] | None = None,
    left_out: Bools | None = None,
) -> AuditCase:
    """Check an audit's numbers and sort its labelled clips, so that the order of the input does not matter.

    Parameters are those of `judge`. A clip whose membership is unknown (None or NaN) is left out, and so are those
    that `left_out` (bool[rows]) marks. The order depends only on the attacks in `deciding` (on all if it is None), so
    that an attack that is only described changes no draw.

    Raises
    ------
    EarwitnessError
        If lengths differ, there is no clip or no attack, a feature is not finite or the split is unknown.
    """
    declared = next((known for known in SPLITS if known == split), None)
    if declared is None:
        raise EarwitnessError(f"split: unknown {split!r}: use one of {', '.join(SPLITS)}")
    if not isinstance(scores, Mapping) or not scores:
        raise EarwitnessError("scores: no attack: give at least one")
    labels, known = _labels(member)
    matrix = _table("scores", scores, len(labels))
    reference = None
    if reference_scores is not None:
        missing = [name for name in scores if name not in reference_scores]
        if missing:
            raise EarwitnessError(f"reference_scores: {missing[0]!r} is missing: score the same attacks on both")
        reference = _table("reference_scores", {name: reference_scores[name] for name in scores}, len(labels))
    blind = _features(features, len(labels))
    if speaker is None or len(speaker) != len(labels):
        count = "no" if speaker is None else len(speaker)
        raise EarwitnessError(f"speaker: {count} rows, but member has {len(labels)}: give one per clip")
    notes = [MembershipReason.of("labels_unknown", clips=int((~known).sum()))] if not known.all() else []
    rows = np.flatnonzero(known if left_out is None else known & ~left_out)
    places = [place for place, name in enumerate(scores) if deciding is None or name in deciding]
    parts = [blind, matrix[:, places], labels[:, None].astype(np.float64)]
    rows = rows[_canonical(parts if reference is None else [reference[:, places], *parts], rows)]
    cluster, note = speaker_clusters([speaker[int(row)] for row in rows])
    return AuditCase(
        names=list(scores),
        scores=matrix[rows],
        reference=None if reference is None else reference[rows],
        features=blind[rows],
        member=labels[rows],
        cluster=cluster,
        split=declared,
        notes=notes + ([MembershipReason.of("speakers_assumed", assumed=note)] if note else []),
        rows=rows,
    )


def _labels(member: Sequence[Any] | NDArray[Any]) -> tuple[Bools, Bools]:
    """Return labels and whether they are known; both False for None and NaN."""
    values = [] if member is None else list(member)
    if not values:
        raise EarwitnessError("member: no clip: give at least one")
    known = np.array([value is not None and value == value for value in values])
    odd = [value for value, is_known in zip(values, known, strict=True) if is_known and value not in (0, 1)]
    if odd:
        raise EarwitnessError(f"member: {odd[0]!r} is no label: use True, False, or None where it is unknown")
    return np.array([bool(value) if is_known else False for value, is_known in zip(values, known, strict=True)]), known


def _table(what: str, columns: Mapping[str, ArrayLike], rows: int) -> Floats:
    held = [_column(f"{what}[{name!r}]", values, rows) for name, values in columns.items()]
    return np.column_stack(held)


def _column(what: str, values: ArrayLike, rows: int) -> Floats:
    """Return one attack's scores; an infinite score becomes the most extreme finite score, or ±1 if none is finite."""
    column = _numbers(what, values)
    if column.shape != (rows,):
        raise EarwitnessError(f"{what}: shape {column.shape}, but there are {rows} clips: give one score per clip")
    finite = column[np.isfinite(column)]
    low, high = (finite.min(), finite.max()) if len(finite) else (-1.0, 1.0)
    return np.clip(column, low, high)


def _numbers(what: str, values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EarwitnessError(f"{what}: not an array of numbers ({error}): give one number per place") from error


def _features(features: ArrayLike, rows: int) -> Floats:
    """Return features, each divided by a power of two, which is exact and keeps squares from overflow and underflow."""
    blind = _numbers("features", features)
    if blind.ndim != 2 or len(blind) != rows:
        raise EarwitnessError(f"features: shape {blind.shape}, but there are {rows} clips: give one row per clip")
    bad = np.flatnonzero(~np.isfinite(blind).all(axis=0))
    if len(bad):
        raise EarwitnessError(f"features: column {bad[0]} has values that are not finite: fill or drop them")
    _, exponent = np.frexp(np.abs(blind).max(axis=0))
    return np.asarray(np.ldexp(blind, -exponent))


def _canonical(parts: Sequence[Floats], rows: Ints) -> Ints:
    """Return an order of the rows by their content, so that the order in which they came changes no draw."""
    content = np.ascontiguousarray(np.column_stack(parts)[rows])
    digests = np.array([blake2b(row.tobytes(), digest_size=16).digest() for row in content])
    return np.argsort(digests, kind="stable")
