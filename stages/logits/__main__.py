"""Run the stage: ``python -m stages.logits --audit NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import pyarrow as pa
from tqdm import tqdm

from stages.core.config.section import NONE
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.failures import LASTING
from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, PROBES_SCHEMA, tokens_schema
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import RowCache
from stages.core.store.tables import read_table, write_table
from stages.logits.batching import BatchesAgain
from stages.logits.distributed import computed_anywhere
from stages.logits.forward import ForwardRequest
from stages.logits.output import embedding_stream, token_stream
from stages.logits.params import LogitsParams
from stages.logits.plan import COLUMNS, Keys, PlannedRow, originals_of, rows_of
from stages.logits.probing import probe_table
from stages.logits.rows import embedding_row_schema, token_row_schema
from stages.logits.statistics import statistic_names
from stages.logits.unscored import UnscoredRows
from stages.models.places import is_endpoint
from stages.models.record import TargetRecord, read_record
from stages.neighbours.sounds import NeighbourSounds

PROGRESS = "{desc}: {percentage:3.0f}% {n:.0f} of {total:.0f} clips, {rate_fmt}, {remaining} left"


def work(audit: str, params: LogitsParams) -> None:
    """Compute the rows of this audit that the row cache lacks, then write the audit's tables from the cache."""
    require_declared(params.audits, "audits", audit)
    named, asked = params.audits[audit], params.logits
    records = {"target": read_record(named.target)}
    if named.reference != NONE:
        records["reference"] = read_record(named.reference)
    rows: list[PlannedRow] = []
    unscored = UnscoredRows(())
    if records["target"].audible:  # no rows if audio does not reach the target
        neighbours = read_table(artifact("perturbation", named.corpus, "neighbours.parquet"), COLUMNS)
        rows = rows_of(neighbours, len(asked.instructions), asked.conditions)
        unscored = UnscoredRows(originals_of(neighbours))
    keys = {role: _keys(record, params) for role, record in records.items()}
    with ExitStack() as stack:
        tokens = stack.enter_context(RowCache("logits/tokens", token_row_schema(asked.orders)))
        embeddings = stack.enter_context(RowCache("logits/embeddings", embedding_row_schema()))
        for role, record in records.items():
            if is_endpoint(record.model):
                of_rows = (keys[role].tokens(row, slice_) for row in rows for slice_ in asked.slices)
                tokens.forget(of_rows, _unanswered)  # compute these rows again: the endpoint may answer now
            missing = _missing(rows, keys[role], tokens, embeddings, asked.slices)
            if missing:
                label = f"logits@{audit} {role}"
                _compute(label, named.corpus, record, keys[role], missing, tokens, embeddings, params)
        folder, schema = artifact("logits", audit), tokens_schema(statistic_names(asked.orders))
        stream = token_stream(rows, keys, tokens, asked.slices)
        write_table(folder / "tokens.parquet", unscored.watched(stream), schema)
        write_table(folder / "embeddings.parquet", embedding_stream(rows, keys, embeddings), EMBEDDINGS_SCHEMA)
        probes = probe_table(f"logits@{audit}", named.corpus, records if rows else {}, params)
        write_table(folder / "probes.parquet", probes, PROBES_SCHEMA)
        print(tokens.summary(), embeddings.summary(), sep="\n")
    for sentence in unscored.sentences():
        print(f"logits@{audit} {sentence}")


def _keys(record: TargetRecord, params: LogitsParams) -> Keys:
    asked = params.logits
    return Keys(record.fingerprint(), asked.instructions, asked.orders, asked.generated_tokens)


def _unanswered(rows: pa.Table) -> list[bool]:
    """Return for each row whether a closed model failed to give a usable answer that it could have given."""
    return [failure is not None and failure not in LASTING for failure in rows["failure"].to_pylist()]


def _missing(
    rows: Sequence[PlannedRow], keys: Keys, tokens: RowCache, embeddings: RowCache, slices: Sequence[str]
) -> list[PlannedRow]:
    """Return the rows that either cache lacks, each once; equal text neighbours of one clip are one row."""
    distinct = {keys.embeddings(row): row for row in rows}
    absent = set(embeddings.missing(distinct))
    of_slices = {row: [keys.tokens(row, slice_) for slice_ in slices] for row in distinct.values()}
    absent_slices = set(tokens.missing(key for of_row in of_slices.values() for key in of_row))
    return [row for key, row in distinct.items() if key in absent or not absent_slices.isdisjoint(of_slices[row])]


def _compute(
    label: str,
    corpus: str,
    record: TargetRecord,
    keys: Keys,
    missing: Sequence[PlannedRow],
    tokens: RowCache,
    embeddings: RowCache,
    params: LogitsParams,
) -> None:
    """Compute the rows and append them to both caches."""
    import torch

    torch.set_num_threads(1)
    asked = params.logits
    question = ForwardRequest(asked.instructions, asked.slices, asked.orders, asked.generated_tokens, asked.compile)
    sounds = NeighbourSounds(corpus)
    prepared = BatchesAgain(missing, asked.batch_size, lambda row: sounds.sound(row.neighbour_id))
    clips = len({row.clip_id for row in missing})
    with tqdm(
        total=len(missing),
        desc=label,
        unit=" clips",
        unit_scale=clips / len(missing),
        bar_format=PROGRESS,
        mininterval=1,
    ) as progress:
        for batch in computed_anywhere(record, prepared, question, asked.batch_size, params.compute):
            for slice_, table in batch.tokens.items():
                tokens.append([keys.tokens(row, slice_) for row in batch.rows], table)
            embeddings.append([keys.embeddings(row) for row in batch.rows], batch.embeddings)
            progress.update(len(batch.rows))


if __name__ == "__main__":
    run_stage("logits", work, LogitsParams, "audit")
