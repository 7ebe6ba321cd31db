"""Cells are read in any order, with few bytes in memory; what is missing or damaged is said."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.store import cells
from stages.core.store.cells import CellError, batches_of, cell, table_schema

ROWS = 100


def sounds(rows: int = ROWS, size: int = 50) -> pa.Table:
    return pa.table(
        {"text": [f"text {row}" for row in range(rows)], "audio": [bytes([row]) * size for row in range(rows)]}
    )


def write_parquet(path: Path) -> None:
    pq.write_table(sounds(), path, row_group_size=37)


def write_arrow_stream(path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, sounds().schema) as writer:
        writer.write_table(sounds(), max_chunksize=30)


def write_arrow_file(path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, sounds().schema) as writer:
        writer.write_table(sounds(), max_chunksize=30)


WRITERS = pytest.mark.parametrize(
    ("name", "write"),
    [("a.parquet", write_parquet), ("stream.arrow", write_arrow_stream), ("file.arrow", write_arrow_file)],
)


@WRITERS
def test_every_cell_forward_and_backward(tmp_path: Path, name: str, write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / name)
    monkeypatch.setattr(cells, "HELD_BYTES", 1000)  # about one batch
    for order in (range(ROWS), range(ROWS - 1, -1, -1)):
        for row in order:
            assert cell(tmp_path / name, row, "audio") == bytes([row]) * 50


@WRITERS
def test_batches_schema_and_what_is_absent(tmp_path: Path, name: str, write) -> None:
    path = tmp_path / name
    write(path)
    assert table_schema(path) == sounds().schema
    assert pa.Table.from_batches(batches_of(path, ["text"], 7)) == sounds().select(["text"])
    with pytest.raises(CellError, match=r"^has no row 101: it ends after row 100$"):
        cell(path, 100, "audio")
    with pytest.raises(CellError, match=r"^has no column 'sound' \(there is text, audio\)$"):
        cell(path, 0, "sound")
    with pytest.raises(CellError, match=r"^missing$"):
        cell(tmp_path / f"no{path.suffix}", 0, "audio")


@WRITERS
def test_a_damaged_file(tmp_path: Path, name: str, write) -> None:
    path = tmp_path / name
    write(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(CellError, match=r"^cannot be read"):
        cell(path, 0, "audio")
    with pytest.raises(CellError, match=r"^cannot be read"):
        table_schema(path)
    with pytest.raises(CellError, match=r"^cannot be read"):
        list(batches_of(path))


def test_a_file_that_was_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"audio": [b"first"]}), path)
    assert cell(path, 0, "audio") == b"first"
    pq.write_table(pa.table({"audio": [b"another"]}), path)
    assert cell(path, 0, "audio") == b"another"


def test_in_order_each_row_is_read_once_and_a_large_row_group_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(sounds(200, 2**16), path, write_batch_size=8, use_dictionary=False)  # one row group of many pages
    monkeypatch.setattr(cells, "HELD_BYTES", 2**20)
    before = pa.total_allocated_bytes()
    highest = 0
    for row in range(200):
        assert cell(path, row, "audio")[0] == row
        highest = max(highest, pa.total_allocated_bytes() - before)
    assert highest < 6 * 2**20, "of 12.5 MiB"
