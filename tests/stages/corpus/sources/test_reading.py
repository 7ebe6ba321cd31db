"""Manifests in three formats give the same rows, and messages name the mistakes in them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.errors import EarwitnessError
from stages.corpus.lists.cells import as_text
from stages.corpus.sources.reading import read_rows
from stages.corpus.sources.source import Row


def texts(rows: list[Row]) -> list[dict[str, str]]:
    return [{column: as_text(value) for column, value in row.cells.items()} for row in rows]


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_three_formats_one_content(tmp_path: Path) -> None:
    content = [
        {"clip_id": "a", "path": "a.wav", "text": 'He said, "no"', "member": "true", "age": "7"},
        {"clip_id": "b", "path": "b.wav", "text": "", "member": "", "age": ""},
    ]
    csv = write(
        tmp_path, "manifest.csv", 'clip_id,path,text,member,age\na,a.wav,"He said, ""no""",true,7\nb,b.wav,,,\n'
    )
    typed = [content[0] | {"member": True, "age": 7}, content[1] | {"member": None, "age": None}]
    jsonl = write(tmp_path, "manifest.jsonl", "\n\n".join(json.dumps(row) for row in typed))
    pq.write_table(pa.Table.from_pylist(typed), tmp_path / "manifest.parquet")
    for manifest in (csv, jsonl, tmp_path / "manifest.parquet"):
        assert texts(read_rows(manifest)) == content
    assert [row.place for row in read_rows(csv)] == [f"{csv}, row 2", f"{csv}, row 3"]
    assert [row.place for row in read_rows(jsonl)] == [f"{jsonl}, row 1", f"{jsonl}, row 3"]


def test_a_byte_order_mark_and_spaces_in_the_header_do_no_harm(tmp_path: Path) -> None:
    manifest = write(tmp_path, "manifest.csv", "\ufeffclip_id, path, text\na,a.wav,x\n\n")
    assert [row.cells for row in read_rows(manifest)] == [{"clip_id": "a", "path": "a.wav", "text": "x"}]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("manifest.csv", "", "has no rows"),
        ("manifest.csv", "clip_id,path,text\n", "has no rows"),
        ("manifest.csv", "clip_id,path,path\na,b,c\n", "row 1: column 'path' appears twice"),
        ("manifest.csv", "clip_id,path,text\na,b,c,d\n", "row 2: 4 cells under 3 columns"),
        ("manifest.csv", "clip_id,path,text\na,b\n", "row 2: 2 cells under 3 columns"),
        ("manifest.csv", 'clip_id,path,text\na,b,"c\n', r"row 2 \(line 2\): a quote .* is opened and not closed"),
        ("manifest.jsonl", '{"clip_id": "a"', "row 1: not JSON"),
        ("manifest.jsonl", "[1]", "row 1: not a JSON object"),
        ("manifest.jsonl", '{"clip_id": ' + "7" * 5000 + "}", "row 1: not JSON"),
        ("manifest.jsonl", "[" * 100_000, "row 1: not JSON"),
        ("manifest.jsonl", '{"clip_id": "a", "path": "b", "text": "\\ud800"}', "row 1: has an unpaired surrogate"),
        ("manifest.parquet", "no", "not a whole Parquet file .*: write it again"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    manifest = write(tmp_path, name, text)
    with pytest.raises(EarwitnessError, match=message) as error:
        read_rows(manifest)
    assert str(error.value).startswith(str(manifest))
    assert "\n" not in str(error.value)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes("clip_id,path,text\na,b,é\n".encode("latin-1"))
    with pytest.raises(EarwitnessError, match="not UTF-8"):
        read_rows(tmp_path / "manifest.csv")
