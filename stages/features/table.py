"""From clips to rows of features: find the rows that the caches lack, measure them, and join all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa

from stages.core.errors import EarwitnessError
from stages.core.schemas.features import features_schema
from stages.core.sound.audio import Samples
from stages.core.sound.clips import UndecodedSound
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import RowCache, row_key
from stages.features.family import FAMILIES, Clip, Family

CLIPS_AT_ONCE = 16
VALUES = "values"
CHEAP = ["clip_id", "audio_hash", "source", "text"]
"""Columns of ``clips.parquet`` that the cache keys are made of."""


class MeasuredClip(TypedDict):
    """The `CHEAP` columns of a clip; a pairing has no `source`."""

    clip_id: str
    audio_hash: str
    source: Mapping[str, Any]
    text: str | None


@dataclass(frozen=True)
class MeasurementTask:
    """One clip, and the families that have no row for it yet.

    Attributes
    ----------
    sound : UndecodedSound or None
        None if no family needs it.
    clip : MeasuredClip
    wanted : dict of str to str
        The key of the row, for each family.
    """

    sound: UndecodedSound | None
    clip: MeasuredClip
    wanted: dict[str, str]


FeatureRows = dict[str, tuple[list[str], pa.Table]]
"""For each family, the cache keys and their rows."""


def chosen_families(names: Iterable[str]) -> dict[str, Family]:
    """Return the families that params name, in the order of params.

    Raises
    ------
    EarwitnessError
        For a name that is not registered, or an empty list.
    """
    chosen = {}
    for name in names:
        if name not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise EarwitnessError(f"params.yaml: features.families: unknown {name!r}: use some of {known}")
        chosen[name] = FAMILIES[name]
    if not chosen:
        raise EarwitnessError(f"params.yaml: features.families: empty: name some of {', '.join(FAMILIES)}")
    return chosen


def cache_schema(family: Family) -> pa.Schema:
    """Return the schema of a family's cached rows.

    The values form one list column. The description of a file part with a hundred columns takes more memory than the
    rows that a run reads from it.
    """
    return pa.schema([(VALUES, pa.list_(pa.float32(), len(family.columns)))])


def table_schema(families: Mapping[str, Family]) -> pa.Schema:
    """Return the schema of ``features.parquet`` for these families."""
    return features_schema([f"{name}.{column}" for name, family in families.items() for column in family.columns])


def keys_of(family: Family, clips: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return each clip's key, made of the family's inputs, its code and the versions of its libraries."""
    version = [code_version(family.measure.__module__), library_versions(*family.libraries)]
    return [row_key(version, *(clip[column] for column in family.needs)) for clip in clips]


def missing_tasks(
    clips: Sequence[MeasuredClip], families: Mapping[str, Family], caches: Mapping[str, RowCache]
) -> list[MeasurementTask]:
    """Return a task, still without sound, for every clip that lacks a row of a family."""
    wanted: list[dict[str, str]] = [{} for _ in clips]
    for name, family in families.items():
        keys = keys_of(family, clips)
        absent = set(caches[name].missing(keys))
        for key, ask in zip(keys, wanted, strict=True):
            if key in absent:
                ask[name] = key
                absent.remove(key)  # a sound that occurs twice is measured once
    return [MeasurementTask(None, clip, ask) for clip, ask in zip(clips, wanted, strict=True) if ask]


def needs_sound(task: MeasurementTask) -> bool:
    """Return whether a family of the task reads the sound."""
    return any("audio_hash" in FAMILIES[name].needs for name in task.wanted)


def batches(tasks: Iterable[MeasurementTask]) -> Iterator[list[MeasurementTask]]:
    """Group tasks so that passing them to a worker costs little compared with the work."""
    stream = iter(tasks)
    while batch := list(islice(stream, CLIPS_AT_ONCE)):
        yield batch


def measure_batch(tasks: list[MeasurementTask]) -> FeatureRows:
    """Measure the missing families of a batch of tasks; runs in a worker."""
    keys: dict[str, list[str]] = {}
    rows: dict[str, list[list[float]]] = {}
    for task in tasks:
        samples = task.sound.samples() if task.sound is not None else np.empty(0, np.float32)
        for name, key in task.wanted.items():
            keys.setdefault(name, []).append(key)
            rows.setdefault(name, []).append(_measured(name, samples, task.clip))
    schemas = {name: cache_schema(FAMILIES[name]) for name in keys}
    return {name: (keys[name], pa.table({VALUES: rows[name]}, schemas[name])) for name in keys}


def _measured(name: str, samples: Samples, clip: MeasuredClip) -> list[float]:
    family = FAMILIES[name]
    values = family.measure(Clip(samples, clip["text"] or "", clip["source"]))
    wrong = [column for column in family.columns if not np.isfinite(values.get(column, np.nan))]
    if wrong or len(values) != len(family.columns):
        raise ValueError(f"feature family {name!r}: {wrong or sorted(values)} of clip {clip['clip_id']!r}: not a value")
    return [values[column] for column in family.columns]


def columns_of(
    clips: Sequence[MeasuredClip], families: Mapping[str, Family], caches: Mapping[str, RowCache]
) -> list[pa.Array]:
    """Return the features of these clips, all of them cached: one float32[n] per feature, family after family."""
    columns: list[pa.Array] = []
    for name, family in families.items():
        rows = caches[name].rows(keys_of(family, clips))[VALUES].combine_chunks()
        values = rows.flatten().to_numpy().reshape(len(clips), len(family.columns))
        columns.extend(pa.array(column) for column in values.T)
    return columns


def joined(clips: Sequence[MeasuredClip], families: Mapping[str, Family], caches: Mapping[str, RowCache]) -> pa.Table:
    """Return the rows of ``features.parquet`` for these clips, all of whose features are cached."""
    ids = pa.array([clip["clip_id"] for clip in clips], pa.string())
    return pa.table([ids, *columns_of(clips, families, caches)], schema=table_schema(families))
