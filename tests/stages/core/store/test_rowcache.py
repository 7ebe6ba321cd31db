"""The row cache: counts, resumption, compaction, and keys that tell values apart."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.store import rowcache
from stages.core.store.rowcache import FRESH, RowCache, row_key

SCHEMA = pa.schema([("value", pa.int32())])
parts = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(-3, 3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)


def cache(root: Path, schema: pa.Schema = SCHEMA) -> RowCache:
    return RowCache("stage/table", schema, root)


def put(cached: RowCache, rows: dict[str, int]) -> None:
    cached.append(list(rows), pa.table({"value": list(rows.values())}, SCHEMA))


@given(st.lists(parts, max_size=3), st.lists(parts, max_size=3))
def test_different_parts_have_different_keys(first: list[Any], second: list[Any]) -> None:
    assert (row_key(*first) == row_key(*second)) == (repr(first) == repr(second) or first == second)


def test_keys_do_not_depend_on_the_order_of_a_dict() -> None:
    assert row_key({"a": 1, "b": [2]}) == row_key({"b": [2], "a": 1})
    assert row_key("ab", "c") != row_key("a", "bc")
    assert row_key(1) != row_key("1") != row_key(b"1")


def test_what_was_computed_is_reused_and_counted(tmp_path: Path) -> None:
    with cache(tmp_path) as cached:
        assert cached.missing(["a", "b", "a"]) == ["a", "b"]
        put(cached, {"a": 1, "b": 2})
        assert cached.rows(["b", "a", "b"])["value"].to_pylist() == [2, 1, 2]
    with cache(tmp_path) as cached:
        assert cached.missing(["a", "c", "b"]) == ["c"]
        assert (cached.computed, cached.reused) == (1, 2)
        assert cached.summary() == "stage/table: 1 rows computed, 2 reused"
        assert cached.rows([]).num_rows == 0


def test_a_killed_run_keeps_the_parts_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowcache, "ROWS_PER_PART", 2)
    killed = cache(tmp_path).__enter__()
    put(killed, {"a": 1, "b": 2})
    put(killed, {"c": 3})  # still in memory when the process dies
    with cache(tmp_path) as cached:
        assert cached.missing(["a", "b", "c"]) == ["c"]


def test_an_error_keeps_what_was_computed_before_it(tmp_path: Path) -> None:
    def interrupted() -> None:
        with cache(tmp_path) as cached:
            put(cached, {"a": 1})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with cache(tmp_path) as cached:
        assert cached.missing(["a"]) == []


def test_compaction_leaves_one_part_and_one_row_per_key(tmp_path: Path) -> None:
    for index in range(rowcache.PARTS_BEFORE_COMPACTION + 1):
        with cache(tmp_path) as cached:
            put(cached, {"same": 7, f"own{index}": index})
    assert len(list((tmp_path / "stage/table").glob("*.parquet"))) == 1
    with cache(tmp_path) as cached:
        assert cached.rows(["own3", "same"])["value"].to_pylist() == [3, 7]


def test_nobody_compacts_under_a_reader(tmp_path: Path) -> None:
    with cache(tmp_path) as reader:
        put(reader, {"kept": 1})
        reader.flush()
        for index in range(rowcache.PARTS_BEFORE_COMPACTION + 1):
            with cache(tmp_path) as cached:
                put(cached, {f"own{index}": index})
        assert reader.rows(["kept"])["value"].to_pylist() == [1]


@pytest.mark.parametrize("attempt", range(5))  # the parts' names are random
def test_a_fresh_run_computes_again_and_its_rows_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    with cache(tmp_path) as cached:
        put(cached, {"a": 1, "b": 1})
    monkeypatch.setenv(FRESH, "1")
    with cache(tmp_path) as cached:
        assert cached.missing(["a"]) == ["a"]
        put(cached, {"a": 2})
        assert cached.rows(["a"])["value"].to_pylist() == [2]
    monkeypatch.delenv(FRESH)
    with cache(tmp_path) as cached:
        assert cached.rows(["a", "b"])["value"].to_pylist() == [2, 1]
        assert cached.rows(["b", "a"])["value"].to_pylist() == [1, 2]


def test_rows_of_another_layout_are_not_mistaken(tmp_path: Path) -> None:
    with cache(tmp_path) as cached:
        put(cached, {"a": 1})
    with cache(tmp_path, pa.schema([("other", pa.string())])) as cached:
        assert cached.missing(["a"]) == ["a"]
