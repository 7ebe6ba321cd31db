"""Pairings as clips to be measured: blind features of the sound that a target hears in place of a clip's own.

Only families that read the sound alone measure pairings. A pairing has no source file, because it was never recorded,
and its text is the clip's own or another clip's.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from stages.core.schemas.features import features_schema
from stages.core.store.rowcache import RowCache
from stages.features.family import Family
from stages.features.table import MeasuredClip, columns_of

IDS = ("neighbour_id", "clip_id", "perturbation")


class PairingRow(MeasuredClip):
    """A pairing as a clip: the `PAIRING` columns and an empty source."""

    neighbour_id: str
    perturbation: str
    kind: str


PAIRING = [*IDS, "kind", "audio_hash", "text"]
"""Columns of ``neighbours.parquet`` that are read for every row."""


def sound_families(families: Mapping[str, Family]) -> dict[str, Family]:
    """Return the families that read the sound alone."""
    return {name: family for name, family in families.items() if family.needs == ("audio_hash",)}


def pairings_of(neighbours: pa.Table) -> list[PairingRow]:
    """Return the pairings among neighbours, as clips without a source."""
    chosen = neighbours.filter(pc.equal(neighbours["kind"], "pairing"))
    return [row | {"source": {}} for row in chosen.to_pylist()]


def pairings_schema(families: Mapping[str, Family]) -> pa.Schema:
    """Return the schema of ``pairings.parquet`` for these families."""
    columns = [f"{name}.{column}" for name, family in families.items() for column in family.columns]
    return features_schema(columns, IDS)


def joined_pairings(
    pairings: list[PairingRow], families: Mapping[str, Family], caches: Mapping[str, RowCache]
) -> pa.Table:
    """Return the rows of ``pairings.parquet`` for these pairings, all of whose features are cached."""
    ids = [
        pa.array([pairing["neighbour_id"] for pairing in pairings], pa.string()),
        pa.array([pairing["clip_id"] for pairing in pairings], pa.string()),
        pa.array([pairing["perturbation"] for pairing in pairings], pa.string()),
    ]
    return pa.table([*ids, *columns_of(pairings, families, caches)], schema=pairings_schema(families))
