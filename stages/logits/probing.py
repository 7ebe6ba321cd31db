"""Run the probes that `params.yaml` names, one clip at a time, for the clips that the row cache lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from tqdm import tqdm

from stages.core.schemas.logits import PROBES_SCHEMA
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import RowCache
from stages.core.store.tables import read_table
from stages.logits import probes  # noqa: F401 (registers them)
from stages.logits.params import LogitsParams
from stages.logits.probe import (
    PROBE_ROW,
    PROBES,
    ProbeSubject,
    Shots,
    choose_shots,
    measured,
    probe_keys,
    probe_rows,
    subjects_of,
    wanted,
)
from stages.models.places import is_endpoint
from stages.models.record import TargetRecord
from stages.neighbours.sounds import NeighbourSounds


def probe_table(label: str, corpus: str, records: Mapping[str, TargetRecord], params: LogitsParams) -> pa.Table:
    """Return `probes.parquet` of a corpus, sorted by neighbour, role and probe; empty if no probe is named."""
    asked = [(name, PROBES[name]) for name in sorted(set(params.logits.probes))]
    if not asked:
        return PROBES_SCHEMA.empty_table()
    columns = ["neighbour_id", "clip_id", "kind", "audio_hash", "text"]
    subjects = subjects_of(read_table(artifact("perturbation", corpus, "neighbours.parquet"), columns))
    clips = read_table(artifact("corpus", corpus, "clips.parquet"), ["clip_id", "member", "text"])
    shots, instruction = choose_shots(clips, params.seed), params.logits.instructions[0]
    tables = []
    for name, probe in asked:
        chosen = wanted(subjects, probe, shots, params.seed)
        with RowCache(f"logits/probes/{name}", PROBE_ROW) as cache:
            for role, record in records.items():
                keys = probe_keys(name, chosen, record.fingerprint(), instruction, shots)
                if is_endpoint(record.model):
                    cache.forget(keys, _unanswered)  # measure these clips again: the endpoint may answer now
                _fill(f"{label} {role} {name}", name, corpus, record, chosen, keys, cache, instruction, shots)
                tables.append(probe_rows(chosen, role, probe, cache.rows(keys)))
            print(cache.summary())
    order = [(name, "ascending") for name in ("neighbour_id", "role", "probe")]
    return pa.concat_tables([PROBES_SCHEMA.empty_table(), *tables]).sort_by(order)


def _unanswered(rows: pa.Table) -> list[bool]:
    """Return for each row whether a value is not defined, as where a closed model refused to answer."""
    return [None in values for values in rows["values"].to_pylist()]


def _fill(
    label: str,
    name: str,
    corpus: str,
    record: TargetRecord,
    subjects: Sequence[ProbeSubject],
    keys: Sequence[str],
    cache: RowCache,
    instruction: str,
    shots: Shots,
) -> None:
    """Measure the clips that the cache lacks."""
    absent = cache.missing(keys)
    if not absent:
        return
    import torch

    from stages.models.loading import load_adapter

    torch.set_num_threads(1)
    adapter, by_key = load_adapter(record), dict(zip(keys, subjects, strict=True))
    sounds = NeighbourSounds(corpus)

    def measure(key: str) -> pa.Table:
        return measured(adapter, PROBES[name], by_key[key], sounds.__getitem__, instruction, shots)

    adapter.ahead(lambda: [measure(key) for key in absent])
    for key in tqdm(absent, desc=label, unit="clip", mininterval=1):
        cache.append([key], measure(key))
