"""Data sets as `datasets` writes them: Parquet or Arrow files with a column of sounds, and folders of `save_to_disk`.

A sound is a struct of ``bytes`` and ``path``, or of ``array`` and ``sampling_rate``, or a column of bytes. Class labels
are turned into their names. Sounds are not read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.core.store.cells import CellError, batches_of, table_schema
from stages.core.store.pointers import POINTER, is_pointer
from stages.corpus.lists.cells import NoText
from stages.corpus.lists.parquet_rows import kind_of_type
from stages.corpus.sources.finding import first_below, loose_sounds, nothing_taken, paths_below
from stages.corpus.sources.nested import flat
from stages.corpus.sources.parts import paths_of_part
from stages.corpus.sources.source import Listed, Row, SetAside, source

TABLE_SUFFIXES = (".parquet", ".arrow")
SOUND_COLUMNS = ("audio", "speech", "sound", "wav", "recording", "file")
"""Names of a column of sounds, the likeliest first; they decide where several columns may be one."""

_STATE = "state.json"
_ID_DIGITS = 7


def _recognised(folder: Path) -> str:
    """Return the state file of `save_to_disk`, or the first table if it has a column of sounds.

    A table that cannot be opened is named too, so that its reason is said, unless recordings lie there as files.
    """
    if saved := first_below(folder, (_STATE,)):
        return saved
    found = first_below(folder, TABLE_SUFFIXES)
    if not found:
        return ""
    try:
        return found if _sound_columns(table_schema(folder / found)) else ""
    except CellError:
        return "" if loose_sounds(folder) else found


@source("huggingface", recognises=_recognised)
def read_huggingface(folder: Path, corpus: Corpus) -> Listed:
    """List the rows of every table of a folder, or of the part that is named."""
    found = Listed([])
    for path, part in paths_of_part(_tables(folder), corpus.part, str(folder)).items():
        try:
            if is_pointer(folder / path):
                raise CellError(POINTER)
            _read_table(folder, path, part, corpus, found)
        except CellError as error:
            found.set_aside.append(SetAside(path, path, str(error)))
    nothing_taken(folder, found, "tables with sounds")
    return found


def _tables(folder: Path) -> list[str]:
    """Return the tables below a folder. In a folder of `save_to_disk` they are those that its state lists."""
    saved = [path.removesuffix(_STATE) for path in paths_below(folder, (_STATE,))]
    tables = [f"{inside}{name}" for inside in saved for name in _listed_in_state(folder / inside / _STATE)]
    if saved:
        return tables
    # `datasets` keeps what its functions gave in files cache-*.arrow beside the data
    return [path for path in paths_below(folder, TABLE_SUFFIXES) if not Path(path).name.startswith("cache-")]


def _listed_in_state(state: Path) -> list[str]:
    try:
        content = json.loads(state.read_text(encoding="utf-8"))
        names = [str(file["filename"]) for file in content["_data_files"]]
        selected = content.get("_indices_data_files")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EarwitnessError(f"{state}: not the state that save_to_disk writes: save the data set again") from error
    if selected:
        raise EarwitnessError(f"{state}: chooses rows by an index: call flatten_indices(), then save_to_disk again")
    return names


def _read_table(folder: Path, path: str, part: str, corpus: Corpus, found: Listed) -> None:
    schema = table_schema(folder / path)
    sound = _chosen(schema, corpus, folder / path)
    labels = _labels(schema)
    without = {field.name: NoText(kind_of_type(field.type)) for field in schema if kind_of_type(field.type)}
    columns = [name for name in schema.names if name not in (sound, *without)]
    if corpus.columns.get("path") != sound:
        without.pop(sound, None)
    own_id = "clip_id" in columns or "clip_id" in corpus.columns
    rows: list[Row] = []
    for row, values in enumerate(_values(folder / path, columns)):
        cells = {**flat(_named(values, labels)), **without, **({"split": part} if part else {})}
        clip_id = "" if own_id else f"{path}/{row + 1:0{_ID_DIGITS}d}"
        place = f"{folder / path}, row {row + 1}"
        rows.append(Row(place, cells, Recording(path, row=row, column=sound), clip_id, str(folder)))
    found.rows.extend(rows)
    if not rows:
        found.notes.append(f"{folder / path}: has no rows")


def _values(path: Path, columns: list[str]) -> Iterator[dict[str, object]]:
    for batch in batches_of(path, columns):
        yield from batch.to_pylist() if columns else ({} for _ in range(batch.num_rows))


def _chosen(schema: pa.Schema, corpus: Corpus, place: Path) -> str:
    """Return the column of sounds: the one that params name, or the one that looks like it."""
    named = corpus.columns.get("path")
    if named:
        if named not in schema.names:
            raise EarwitnessError(f"{place}: has no column {named!r} (there is {', '.join(schema.names)})")
        return named
    columns = _sound_columns(schema)
    if not columns:
        raise CellError(f"has no column of sounds (there is {', '.join(schema.names)})")
    likely = [name for name in SOUND_COLUMNS if name in columns]
    if len(columns) > 1 and not likely:
        raise EarwitnessError(
            f"{place}: {', '.join(columns)} may each hold the sounds: say which in params.yaml: corpora: columns, such "
            f"as {{path: {columns[0]}}}"
        )
    return (likely or columns)[0]


def _sound_columns(schema: pa.Schema) -> list[str]:
    features = _features(schema)
    named = [name for name, kind in features.items() if _kind(kind) == "Audio" and name in schema.names]
    return named or [
        field.name for field in schema if _may_hold_sounds(field) and _kind(features.get(field.name)) in ("", "Value")
    ]


def _may_hold_sounds(field: pa.Field) -> bool:
    if pa.types.is_struct(field.type):
        names = {inner.name for inner in field.type}
        # pictures and videos are structs of bytes and path too
        return ({"bytes", "path"} <= names and "image" not in field.name and "video" not in field.name) or (
            {"array", "sampling_rate"} <= names
        )
    return _is_binary(field.type) and field.name.lower() in SOUND_COLUMNS


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _features(schema: pa.Schema) -> Mapping[str, object]:
    """Return the features that `datasets` keeps in the metadata of a table; empty if it has none."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _kind(feature: object) -> str:
    return str(feature.get("_type", "")) if isinstance(feature, dict) else ""


def _labels(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of the classes of each column of labels."""
    return {
        name: [str(one) for one in feature["names"]]
        for name, feature in _features(schema).items()
        if isinstance(feature, dict) and _kind(feature) == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def _named(values: dict[str, object], labels: dict[str, list[str]]) -> dict[str, object]:
    """Return values with labels as names; -1, by which `datasets` says that there is no label, is null."""

    def one(name: str, value: object) -> object:
        if name not in labels or not isinstance(value, int):
            return value
        return labels[name][value] if 0 <= value < len(labels[name]) else None

    return {name: one(name, value) for name, value in values.items()}
