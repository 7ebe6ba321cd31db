"""Run the stage: ``python -m stages.logits --audit NAME``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pyarrow as pa
from tqdm import tqdm

from stages.core.artifacts import SCHEMAS, KeyedColumn, artifact, read_table, tokens_schema, write_table
from stages.core.parallel import worker_count
from stages.core.params import NONE, Params
from stages.core.rowcache import RowCache
from stages.core.stage import require_declared, run_stage
from stages.logits.forward import batches, computed_batches
from stages.logits.plan import GIVEN, Keys, Row, rows_of
from stages.logits.rows import embedding_row_schema, token_row_schema
from stages.logits.statistics import statistic_names
from stages.target.record import TargetRecord, read_record

ROWS_WRITTEN = 512
"""Rows joined from the cache and written at a time."""


def work(audit: str, params: Params) -> None:
    """Fill the row cache with what this audit misses, then write the audit's tables from it."""
    require_declared(params.audits, "audits", audit)
    named = params.audits[audit]
    records = {"target": read_record(named.target)}
    if named.reference != NONE:
        records["reference"] = read_record(named.reference)
    neighbours = artifact("perturbation", named.corpus, "neighbours.parquet")
    rows: list[Row] = []
    if records["target"].audible:  # a deaf target is audited no further
        columns = ["neighbour_id", "clip_id", "audio_hash", "text"]
        rows = rows_of(read_table(neighbours, columns), len(params.logits.instructions))
    with ExitStack() as stack:
        tokens = stack.enter_context(RowCache("logits/tokens", token_row_schema(params.logits.orders)))
        embeddings = stack.enter_context(RowCache("logits/embeddings", embedding_row_schema()))
        audio_of = _audio_lookup(named.corpus)
        for role, record in records.items():
            _compute(f"logits@{audit} {role}", record, rows, tokens, embeddings, audio_of, params)
        folder = artifact("logits", audit)
        schema = tokens_schema(statistic_names(params.logits.orders))
        write_table(folder / "tokens.parquet", _token_stream(rows, records, tokens, params), schema)
        write_table(
            folder / "embeddings.parquet", _embedding_stream(rows, records, embeddings, params), SCHEMAS["embeddings"]
        )
        write_table(folder / "probes.parquet", SCHEMAS["probes"].empty_table(), SCHEMAS["probes"])
        print(tokens.summary(), embeddings.summary(), sep="\n")


def _audio_lookup(corpus: str) -> Callable[[Row], bytes]:
    """Return a function from a row to its FLAC bytes: the neighbour's own, or else its clip's."""
    own = KeyedColumn(artifact("perturbation", corpus, "neighbours.parquet"), "neighbour_id", "audio")
    clips = KeyedColumn(artifact("corpus", corpus, "clips.parquet"), "clip_id", "audio")
    return lambda row: own[row.neighbour_id] or clips[row.clip_id]


def _keys(record: TargetRecord, params: Params) -> Keys:
    return Keys(record.fingerprint(), params.logits.instructions, params.logits.orders)


def _compute(
    label: str,
    record: TargetRecord,
    rows: Sequence[Row],
    tokens: RowCache,
    embeddings: RowCache,
    audio_of: Callable[[Row], bytes],
    params: Params,
) -> None:
    """Compute the rows that either cache misses and append them to both."""
    keys, slices, orders = _keys(record, params), params.logits.slices, params.logits.orders
    absent = set(tokens.missing(keys.tokens(row, slice_) for row in rows for slice_ in slices))
    absent_embeddings = set(embeddings.missing(keys.embeddings(row) for row in rows))
    distinct = {keys.embeddings(row): row for row in rows}  # equal text neighbours of one clip are one row
    missing = [
        row
        for key, row in distinct.items()
        if key in absent_embeddings or any(keys.tokens(row, slice_) in absent for slice_ in slices)
    ]
    if not missing:
        return
    import torch

    from stages.target.loading import load_adapter

    torch.set_num_threads(1)
    adapter, workers = load_adapter(record), worker_count(params.compute)
    prepared = batches(missing, params.logits.batch_size, audio_of)
    computed = computed_batches(adapter, prepared, params.logits.instructions, slices, orders, workers)
    with tqdm(total=len(missing), desc=label, unit="row", mininterval=1) as progress:
        for batch in computed:
            for slice_, table in batch.tokens.items():
                tokens.append([keys.tokens(row, slice_) for row in batch.rows], table)
            embeddings.append([keys.embeddings(row) for row in batch.rows], batch.embeddings)
            progress.update(len(batch.rows))


def _token_stream(
    rows: Sequence[Row], records: dict[str, TargetRecord], cache: RowCache, params: Params
) -> Iterator[pa.Table]:
    """Yield `tokens.parquet`, sorted by neighbour, instruction, role and slice."""
    keys = {role: _keys(record, params) for role, record in records.items()}
    slices = sorted(params.logits.slices)
    for chunk in _chunks(rows, ROWS_WRITTEN):
        wanted = [(row, role, slice_) for row in chunk for role in sorted(records) for slice_ in slices]
        table = cache.rows([keys[role].tokens(row, slice_) for row, role, slice_ in wanted])
        ids = _ids([(row, role) for row, role, _ in wanted])
        yield _joined({**ids, "slice": pa.array([slice_ for _, _, slice_ in wanted])}, table)


def _embedding_stream(
    rows: Sequence[Row], records: dict[str, TargetRecord], cache: RowCache, params: Params
) -> Iterator[pa.Table]:
    """Yield `embeddings.parquet`, sorted by neighbour, instruction and role."""
    keys = {role: _keys(record, params) for role, record in records.items()}
    for chunk in _chunks(rows, ROWS_WRITTEN):
        wanted = [(row, role) for row in chunk for role in sorted(records)]
        yield _joined(_ids(wanted), cache.rows([keys[role].embeddings(row) for row, role in wanted]))


def _ids(wanted: Sequence[tuple[Row, str]]) -> dict[str, pa.Array]:
    return {
        "neighbour_id": pa.array([row.neighbour_id for row, _ in wanted]),
        "role": pa.array([role for _, role in wanted]),
        "instruction": pa.array([row.instruction for row, _ in wanted], pa.int16()),
        "condition": pa.array([GIVEN] * len(wanted)),
    }


def _joined(ids: dict[str, pa.Array], table: pa.Table) -> pa.Table:
    return pa.table({**ids, **{name: table[name] for name in table.column_names}})


def _chunks(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


if __name__ == "__main__":
    run_stage("logits", work, "audit")
