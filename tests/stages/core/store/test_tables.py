"""Tables and JSON: equal content gives equal bytes, and nothing is left half-written."""

from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core import schemas
from stages.core.errors import EarwitnessError
from stages.core.schemas.features import features_schema
from stages.core.store import tables
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.core.store.tables import (
    PART_GROUPS,
    ROW_GROUP,
    KeyedRows,
    read_group,
    read_groups,
    read_table,
    write_table,
)

SCHEMA = features_schema(["a.b"])


def table(rows: int) -> pa.Table:
    return pa.table({"clip_id": [f"{row:05d}" for row in range(rows)], "a.b": np.arange(rows, dtype="f4")}, SCHEMA)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(rows=st.integers(0, 700), cuts=st.lists(st.integers(0, 700), max_size=5))
def test_bytes_do_not_depend_on_how_the_stream_was_cut(tmp_path: Path, rows: int, cuts: list[int]) -> None:
    whole = table(rows)
    edges = [0, *sorted(min(cut, rows) for cut in cuts), rows]
    parts = [whole.slice(start, stop - start) for start, stop in pairwise(edges)]
    write_table(tmp_path / "whole.parquet", whole, SCHEMA)
    write_table(tmp_path / "parts.parquet", iter(parts), SCHEMA)
    assert (tmp_path / "whole.parquet").read_bytes() == (tmp_path / "parts.parquet").read_bytes()
    assert read_table(tmp_path / "parts.parquet").equals(whole)


def test_row_groups_can_be_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, table(2 * ROW_GROUP + 1), SCHEMA)
    assert [group.num_rows for group in read_groups(path)] == [ROW_GROUP, ROW_GROUP, 1]
    assert read_group(path, 2, ["clip_id"]).to_pydict() == {"clip_id": [f"{2 * ROW_GROUP:05d}"]}


def test_a_column_by_id_answers_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, table(6 * ROW_GROUP), SCHEMA)
    rows_by_id = KeyedRows(path, "clip_id", ["a.b"])
    asked = np.random.default_rng(0).integers(0, 6 * ROW_GROUP, 50)
    assert [rows_by_id[f"{row:05d}"]["a.b"] for row in asked] == asked.tolist()


def test_a_stream_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, table(1), SCHEMA)

    def broken() -> Iterator[pa.Table]:
        yield table(300)
        raise EarwitnessError("no more")

    with pytest.raises(EarwitnessError, match="no more"):
        write_table(path, broken(), SCHEMA)
    assert read_table(path).num_rows == 1
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]


def test_a_large_table_is_a_folder_that_reads_as_one_table(tmp_path: Path) -> None:
    path, rows = tmp_path / "t.parquet", 2 * PART_GROUPS + 10
    write_table(path, table(rows), SCHEMA, row_group=1)
    assert sorted(part.name for part in path.iterdir()) == [f"part-0000{number}.parquet" for number in range(3)]
    assert read_table(path).equals(table(rows))
    assert pa.concat_tables(read_groups(path, ["a.b"])).equals(table(rows).select(["a.b"]))
    for row in (0, PART_GROUPS - 1, PART_GROUPS, rows - 1):
        assert read_group(path, row)["a.b"].to_pylist() == [row]
    rows_by_id = KeyedRows(path, "clip_id", ["a.b"])
    assert [rows_by_id[f"{row:05d}"]["a.b"] for row in range(0, rows, 37)] == list(range(0, rows, 37))
    with pytest.raises(KeyError):
        rows_by_id["none"]


def test_a_part_ends_where_its_rows_take_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PART_BYTES", 2 * table(1).nbytes)
    write_table(tmp_path / "t.parquet", table(5), SCHEMA, row_group=1)
    sizes = [pq.read_metadata(part).num_rows for part in sorted((tmp_path / "t.parquet").iterdir())]
    assert sizes == [2, 2, 1]


def test_more_rows_at_the_end_leave_earlier_parts_as_they_are(tmp_path: Path) -> None:
    path, rows = tmp_path / "t.parquet", 2 * PART_GROUPS + 10
    write_table(path, table(rows), SCHEMA, row_group=1)
    before = [part.read_bytes() for part in sorted(path.iterdir())]
    write_table(path, table(rows + PART_GROUPS), SCHEMA, row_group=1)
    after = [part.read_bytes() for part in sorted(path.iterdir())]
    assert len(after) == 4
    assert after[:2] == before[:2]


def test_a_table_that_grows_or_shrinks_changes_between_file_and_folder(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for rows in (10, PART_GROUPS + 1, 10):
        write_table(path, table(rows), SCHEMA, row_group=1)
        assert read_table(path).num_rows == rows
        assert path.is_dir() == (rows > PART_GROUPS)
        assert list(tmp_path.iterdir()) == [path]


def test_a_folder_without_a_part_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, table(2 * PART_GROUPS), SCHEMA, row_group=1)
    (path / "part-00000.parquet").unlink()
    with pytest.raises(EarwitnessError, match=r"t\.parquet: a part is missing: delete the folder"):
        read_table(path)


def test_missing_and_broken_tables_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EarwitnessError, match=r"none\.parquet: missing: run 'dvc repro'"):
        read_table(tmp_path / "none.parquet")
    (tmp_path / "broken.parquet").write_text("no")
    with pytest.raises(EarwitnessError, match=r"broken\.parquet: not a Parquet file"):
        list(read_groups(tmp_path / "broken.parquet"))


def test_every_schema_survives_a_round_trip_of_nothing(tmp_path: Path) -> None:
    modules = (import_module(f"stages.core.schemas.{found.name}") for found in iter_modules(schemas.__path__))
    every = {f"{module.__name__}.{name}": value for module in modules for name, value in vars(module).items()}
    found = {name: value for name, value in every.items() if isinstance(value, pa.Schema)}
    assert len(found) == 14
    for name, schema in found.items():
        write_table(tmp_path / f"{name}.parquet", schema.empty_table(), schema)
        assert pq.read_schema(tmp_path / f"{name}.parquet").names == schema.names


def test_json_holds_numbers_or_null_and_sorted_keys(tmp_path: Path) -> None:
    content = {"b": np.float32(0.5), "a": [float("nan"), np.inf, np.int64(3), (1, True)], "c": np.array([1.5, np.nan])}
    write_json(tmp_path / "x/m.json", content)
    assert read_json(tmp_path / "x/m.json") == {"a": [None, None, 3, [1, True]], "b": 0.5, "c": [1.5, None]}
    assert (tmp_path / "x/m.json").read_text().index('"a"') < (tmp_path / "x/m.json").read_text().index('"b"')


def test_broken_json_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{\n"a": 1,\n}')
    with pytest.raises(EarwitnessError, match=r"m.json, line 3: not JSON"):
        read_json(tmp_path / "m.json")
    with pytest.raises(EarwitnessError, match=r"none.json: missing"):
        read_json(tmp_path / "none.json")


def test_where_artifacts_lie() -> None:
    assert artifact("corpus", "mine", "clips.parquet") == Path("data/corpus/mine/clips.parquet")
