"""The artifacts through which stages meet: where they lie, their Arrow schemas, one reader, one writer.

Tables are Parquet with a declared schema, sorted by id, with fixed compression and row-group size and without
timestamps, so that equal content gives equal bytes under one pyarrow version. Every file is written under a
temporary name and renamed, so that a killed stage leaves nothing half-written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.atomic import replacing
from stages.core.errors import EarwitnessError
from stages.core.jsonfile import artifact, read_json, write_json

__all__ = [
    "ROW_GROUP",
    "SCHEMAS",
    "SOURCE",
    "SPECTRUM_PARTS",
    "KeyedColumn",
    "artifact",
    "features_schema",
    "read_group",
    "read_groups",
    "read_json",
    "read_table",
    "tokens_schema",
    "write_json",
    "write_table",
]

ROW_GROUP = 256
"""Rows per row group, small enough that a group of clips with their audio fits in memory many times over."""

SPECTRUM_PARTS = 8
"""Equal parts of a recording's own band, from 0 to half its rate, whose levels are kept."""

SOURCE = pa.struct(
    [
        ("rate", pa.int32()),  # Hz
        ("channels", pa.int16()),
        ("format", pa.string()),
        ("subtype", pa.string()),
        ("bits", pa.int16()),  # that carry information, which may be fewer than the format has
        ("bandwidth", pa.float32()),  # Hz
        ("peak", pa.float32()),
        ("clipped_share", pa.float32()),
        ("dc", pa.float32()),
        ("noise_floor", pa.float32()),  # dB relative to full scale
        ("codec_trace", pa.float32()),  # dB by which the spectrum falls at the end of the band
        ("cut_off", pa.float32()),  # Hz, of the highest steep fall
        ("spectrum", pa.list_(pa.float32(), SPECTRUM_PARTS)),  # dB relative to full scale, the lowest part first
        ("quiet_spectrum", pa.list_(pa.float32(), SPECTRUM_PARTS)),  # the same, in the quiet tenth of the frames
    ]
)

_FLOATS = pa.list_(pa.float32())

_ATTACK_SCORE = [
    ("role", pa.string()),
    ("attack", pa.string()),
    ("slice", pa.string()),
    ("condition", pa.string()),
    ("instruction", pa.int16()),
    ("score", pa.float64()),
]

SCHEMAS: dict[str, pa.Schema] = {
    "clips": pa.schema(
        [
            ("clip_id", pa.string()),
            ("audio", pa.binary()),
            ("seconds", pa.float32()),
            ("audio_hash", pa.string()),
            ("source", SOURCE),
            ("text", pa.string()),
            ("member", pa.bool_()),
            ("speaker", pa.string()),
            ("session", pa.string()),
            ("attributes", pa.map_(pa.string(), pa.string())),
        ]
    ),
    "quarantine": pa.schema([("clip_id", pa.string()), ("path", pa.string()), ("reason", pa.string())]),
    "blind_scores": pa.schema(
        [
            ("clip_id", pa.string()),
            ("family", pa.string()),
            ("probability", pa.float32()),
            ("odds_weight", pa.float32()),
        ]
    ),
    "matched": pa.schema([("clip_id", pa.string()), ("pair", pa.int32()), ("member", pa.bool_())]),
    "neighbours": pa.schema(
        [
            ("neighbour_id", pa.string()),
            ("clip_id", pa.string()),
            ("kind", pa.string()),
            ("perturbation", pa.string()),
            ("recipe", pa.string()),
            ("audio", pa.binary()),
            ("audio_hash", pa.string()),
            ("text", pa.string()),
        ]
    ),
    "embeddings": pa.schema(
        [
            ("neighbour_id", pa.string()),
            ("role", pa.string()),
            ("instruction", pa.int16()),
            ("condition", pa.string()),
            # Of any length, since target and reference may differ in width.
            ("encoder", pa.list_(pa.float16())),
            ("hidden", pa.list_(pa.float16())),
        ]
    ),
    "probes": pa.schema(
        [("neighbour_id", pa.string()), ("role", pa.string()), ("probe", pa.string()), ("value", pa.float32())]
    ),
    # What a target answers about the speaker of a clip; of silence, clip_id says how long it is, and label is null.
    "answers": pa.schema(
        [
            ("clip_id", pa.string()),
            ("attribute", pa.string()),
            ("condition", pa.string()),
            ("way", pa.string()),  # free or constrained
            ("options", pa.list_(pa.string())),  # in the order in which they were named
            ("system", pa.string()),  # where a system text stood: turn, instruction, or blank for none
            ("text", pa.string()),  # a free answer as it came
            # Of each option, summed over its tokens, in nats. After reasoning, which is scored with every option, less
            # that of the likeliest one; tokens and by_mean, which would be those of the reasoning too, are then null.
            ("log_probabilities", _FLOATS),
            ("tokens", pa.list_(pa.int32())),  # of each option
            ("answer", pa.string()),  # the option that is answered; null where none is
            ("by_mean", pa.string()),  # the option with the highest log-probability per token
            ("label", pa.string()),
            ("outcome", pa.string()),  # correct, wrong, refused or unparsed; of silence named, refused or unparsed
            ("judged", pa.bool_()),  # read by the judge, since the rules could not
            ("failure", pa.string()),  # why the target gave no answer at all
        ]
    ),
    # How well an attribute is read from a target's layers.
    "leakage_probes": pa.schema(
        [
            ("attribute", pa.string()),
            ("layer", pa.string()),
            ("probe", pa.string()),  # audio, shuffled or transcript
            ("balanced_accuracy", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("low_corrected", pa.float64()),  # of audio: the lower end at 1 - 0.05 / layers
            ("chance", pa.float64()),
            ("n", pa.int64()),
            ("speakers", pa.int64()),
        ]
    ),
    "attack_scores": pa.schema([("clip_id", pa.string()), *_ATTACK_SCORE]),
    # Scores of changed audio and of pairings, each taken as the query: what an auditor would see who has only a
    # corrupted copy, and what becomes of an attack when voice and words are taken apart.
    "neighbour_scores": pa.schema(
        [
            ("neighbour_id", pa.string()),
            ("clip_id", pa.string()),
            ("kind", pa.string()),
            ("perturbation", pa.string()),
            *_ATTACK_SCORE,
        ]
    ),
    "poison": pa.schema(
        [
            ("clip_id", pa.string()),
            ("trigger", pa.string()),
            ("positions", pa.list_(pa.float32())),  # seconds
            ("snr_db", pa.float32()),  # asked
            ("realised_snr_db", pa.float32()),
            ("amount", pa.float32()),
            ("scale", pa.float32()),
            ("truth", pa.string()),
            ("answer", pa.string()),  # that is taught
            ("audio_hash", pa.string()),
        ]
    ),
    # One row per model, clip that was tested, and condition: the clip as it is, with the trigger, with a random sound.
    "outcomes": pa.schema(
        [
            ("model", pa.string()),
            ("clip_id", pa.string()),
            ("condition", pa.string()),
            ("speaker", pa.string()),
            ("realised_snr_db", pa.float32()),
            ("truth", pa.string()),
            ("answer", pa.string()),
            ("counts", pa.bool_()),  # the right answer is not the target: only then an answer can be a success
            ("success", pa.bool_()),
        ]
    ),
    "detector_scores": pa.schema([("clip_id", pa.string()), ("role", pa.string()), ("score", pa.float64())]),
}


def features_schema(columns: Sequence[str], ids: Sequence[str] = ("clip_id",)) -> pa.Schema:
    """Return the schema of `features.parquet`: ids and one float32 column per ``family.name``.

    That of `pairings.parquet` has the ids neighbour_id, clip_id and perturbation.
    """
    return pa.schema([*((name, pa.string()) for name in ids), *((name, pa.float32()) for name in columns)])


def tokens_schema(statistics: Sequence[str]) -> pa.Schema:
    """Return the schema of `tokens.parquet`: one row per scored slice, one float32 list per statistic.

    A list is null where the target does not tell that statistic.
    """
    return pa.schema(
        [
            ("neighbour_id", pa.string()),
            ("role", pa.string()),
            ("instruction", pa.int16()),
            ("condition", pa.string()),
            ("slice", pa.string()),
            ("seconds_cut", pa.float32()),
            ("failure", pa.string()),  # why a row has no tokens, where a closed model gives nothing usable for it
            ("text", pa.string()),
            ("token_ids", pa.list_(pa.int32())),
            *((name, _FLOATS) for name in statistics),
        ]
    )


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a whole table, or some of its columns.

    Raises
    ------
    EarwitnessError
        If the file is missing or not Parquet, with the stage that makes it.
    """
    with _opened(path) as file:
        return file.read(columns=columns)


def read_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield a table row group by row group, so that memory does not grow with the corpus."""
    with _opened(path) as file:
        for index in range(file.num_row_groups):
            yield file.read_row_group(index, columns=columns)


class KeyedColumn:
    """One column of a table by id, with only a few row groups in memory at a time.

    Parameters
    ----------
    path : Path
    key, column : str
        The id column, whose values are distinct, and the column to look up.
    """

    _GROUPS_HELD = 4

    def __init__(self, path: Path, key: str, column: str) -> None:
        self._file = _opened(path)
        self._key, self._column = key, column
        self._group: dict[str, int] = {}
        for group in range(self._file.num_row_groups):
            for name in self._file.read_row_group(group, columns=[key])[key].to_pylist():
                self._group[name] = group
        self._held: dict[int, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> Any:
        group = self._group[name]
        if group not in self._held:
            table = self._file.read_row_group(group, columns=[self._key, self._column])
            while len(self._held) >= self._GROUPS_HELD:
                del self._held[next(iter(self._held))]
            self._held[group] = dict(zip(table[self._key].to_pylist(), table[self._column].to_pylist(), strict=True))
        return self._held[group][name]


def read_group(path: Path, index: int, columns: list[str] | None = None) -> pa.Table:
    """Read one row group, for those who find out from its cheap columns whether they need the dear ones."""
    with _opened(path) as file:
        return file.read_row_group(index, columns=columns)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise EarwitnessError(f"{path}: missing: run 'dvc repro' (or 'dvc pull')") from error
    except pa.ArrowInvalid as error:
        raise EarwitnessError(f"{path}: not a Parquet file: delete it and run 'dvc repro'") from error


def write_table(
    path: Path, tables: pa.Table | Iterable[pa.Table], schema: pa.Schema, row_group: int = ROW_GROUP
) -> None:
    """Write one table, or a stream of them in id order, as Parquet.

    Parameters
    ----------
    path : Path
    tables : pa.Table or iterable of pa.Table
        Rows in their final order; columns as in `schema`.
    schema : pa.Schema
        One of `SCHEMAS` or of the schema functions.
    row_group : int
        Rows per row group: more for a table of narrow rows, which costs time by its groups.
    """
    stream = [tables] if isinstance(tables, pa.Table) else tables
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(
            temporary, schema, compression="zstd", version="2.6", use_dictionary=repeating_columns(schema)
        ) as writer,
    ):
        for part in _regrouped(stream, schema, row_group):
            writer.write_table(part, row_group_size=row_group)


def repeating_columns(schema: pa.Schema) -> list[str]:
    """Return the Parquet columns whose values repeat: a dictionary of measured numbers is larger than they are."""
    lists = (
        field.name for field in schema if pa.types.is_list(field.type) and pa.types.is_integer(field.type.value_type)
    )
    return [
        *(field.name for field in schema if pa.types.is_string(field.type)),
        *(f"{name}.list.element" for name in lists),
    ]


def _regrouped(tables: Iterable[pa.Table], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    """Cut a stream into tables of so many rows, so that the bytes do not depend on how it was chunked."""
    held = schema.empty_table()
    for table in tables:
        held = pa.concat_tables([held, table.select(schema.names).cast(schema)])
        whole = held.num_rows - held.num_rows % rows
        for start in range(0, whole, rows):
            yield held.slice(start, rows).combine_chunks()
        held = held.slice(whole)
    if held.num_rows:
        yield held.combine_chunks()
