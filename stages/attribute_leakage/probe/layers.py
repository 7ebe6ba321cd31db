"""Pooled layers of every clip, kept in the row cache. Probes and same-speaker trials read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stages.attribute_leakage.ask.answering import why
from stages.attribute_leakage.ask.heard import NamedSound
from stages.attribute_leakage.ask.subjects import SpeakerClip
from stages.core.inference.statistics import Floats
from stages.core.sound.audio import Samples
from stages.core.store.rowcache import RowCache
from stages.models.adapter import TRANSCRIBE, Adapter, Query

LAYERS_ROW = pa.schema([("names", pa.list_(pa.string())), ("values", pa.list_(pa.list_(pa.float32())))])


@dataclass(frozen=True)
class Pooled:
    """The layers of all clips that have them.

    Attributes
    ----------
    present : list of int
        Positions of the m clips that have layers.
    layers : dict of str to float64[m, d]
        Empty for a target that shows no layers.
    failures : list of str
        The error of each clip on which the target crashed.
    """

    present: list[int]
    layers: dict[str, Floats]
    failures: list[str]

    @property
    def without(self) -> str | None:
        """The reason why there are no layers at all; None where there are some."""
        if self.layers:
            return None
        if self.failures:
            return f"reading the layers failed on all {len(self.failures)} clips: {self.failures[0]}"
        return "the target shows no layers"


def pooled_layers(
    cache: RowCache,
    keys: Sequence[str],
    subjects: Sequence[SpeakerClip],
    adapter: Callable[[], Adapter],
    sound_of: Callable[[NamedSound], Samples],
    batch_size: int,
) -> Pooled:
    """Return the layers of every clip. A clip that crashes the target has none and is tried again in the next run.

    Parameters
    ----------
    cache : RowCache
        Its schema is `LAYERS_ROW`.
    keys : sequence of str
        One key a subject.
    subjects : sequence of SpeakerClip
    adapter : callable
        Loads the target if it is not loaded yet.
    sound_of : callable
    batch_size : int
    """
    by_key = dict(zip(keys, subjects, strict=True))
    absent = cache.missing(keys)
    failed: dict[str, str] = {}
    for start in range(0, len(absent), batch_size):
        failed |= _kept(cache, absent[start : start + batch_size], by_key, adapter, sound_of)
    present = [at for at, key in enumerate(keys) if key not in failed]
    rows = cache.rows([keys[at] for at in present]).to_pylist()
    names = rows[0]["names"] if rows else []
    layers = {
        name: np.array([row["values"][place] for row in rows], dtype=np.float64) for place, name in enumerate(names)
    }
    return Pooled(present, layers, [failed[key] for key in keys if key in failed])


def _kept(
    cache: RowCache,
    keys: Sequence[str],
    by_key: dict[str, SpeakerClip],
    adapter: Callable[[], Adapter],
    sound_of: Callable[[NamedSound], Samples],
) -> dict[str, str]:
    """Compute the layers of a batch and keep them; return the keys on which the target fails, with the errors.

    If the target fails on the batch, its clips are run one by one.
    """
    try:
        made = adapter().layers([_query(by_key[key], sound_of) for key in keys])
    except Exception as error:
        if len(keys) == 1:
            return {keys[0]: why(error)}
        alone = [_kept(cache, [key], by_key, adapter, sound_of) for key in keys]
        return {key: reason for of_one in alone for key, reason in of_one.items()}
    names = [list(row) for row in made]
    values = [[layer.float().cpu().numpy() for layer in row.values()] for row in made]
    cache.append(list(keys), pa.table({"names": names, "values": values}, LAYERS_ROW))
    return {}


def _query(subject: SpeakerClip, sound_of: Callable[[NamedSound], Samples]) -> Query:
    return Query(sound_of(NamedSound(subject.audio_hash, subject.clip_id)), subject.audio_hash, TRANSCRIBE, "")
