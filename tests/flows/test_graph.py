"""The graph as DVC reads it: order, goals, and what a change reaches."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.graph import Graph, ask_dvc, lacks_only_recordings, parse_dot

# clock → a, b; a → c; b, c → d; target (always changed) reads clock; late (always changed) reads a.
GRAPH = Graph(
    {
        "clock": frozenset(),
        "target": frozenset({"clock"}),
        "a": frozenset({"clock"}),
        "b": frozenset({"clock"}),
        "late": frozenset({"a"}),
        "c": frozenset({"a"}),
        "d": frozenset({"b", "c"}),
    },
    frozenset({"clock", "target", "late"}),
)


def test_dvc_s_drawing_is_read_in_an_order_that_can_run() -> None:
    dot = 'strict digraph {\n"report";\n"one@b" -> "report";\n"one@a" -> "report";\n"base" -> "one@a";\n"alone";\n}\n'
    inputs = parse_dot(dot)
    assert inputs == {
        "base": frozenset(),
        "alone": frozenset(),
        "one@a": frozenset({"base"}),
        "one@b": frozenset(),
        "report": frozenset({"one@a", "one@b"}),
    }
    order = list(inputs)
    assert order.index("base") < order.index("one@a") < order.index("report")


def test_upstream_is_what_a_goal_needs() -> None:
    assert set(GRAPH.upstream(["c"]).inputs) == {"clock", "a", "c"}
    assert GRAPH.upstream(["late"]).always_changed == {"clock", "late"}


def test_downstream_is_what_a_change_reaches() -> None:
    assert GRAPH.downstream(["a"]) == {"a", "late", "c", "d"}
    assert GRAPH.downstream([]) == set()


def test_the_first_stages_read_only_from_first_stages() -> None:
    assert set(GRAPH.first().inputs) == {"clock", "target"}


def test_heights_count_the_longest_way_down() -> None:
    assert GRAPH.heights() == {"clock": 4, "target": 1, "a": 3, "b": 2, "late": 1, "c": 2, "d": 1}


@given(st.dictionaries(st.integers(0, 8), st.sets(st.integers(0, 8)), min_size=1))
def test_every_input_comes_before_its_reader(edges: dict[int, set[int]]) -> None:
    # An edge from a smaller to a larger number: no circles.
    drawn = [f'"{low}" -> "{high}";' for high, lows in edges.items() for low in lows if low < high]
    inputs = parse_dot("\n".join([*drawn, *(f'"{name}";' for name in edges)]))
    seen: set[str] = set()
    for name, read in inputs.items():
        assert read <= seen
        seen.add(name)
    assert {str(name) for name in edges} <= seen


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ([], True),
        ([{"changed deps": {"data/raw/mine": "deleted"}}], True),
        ([{"changed deps": {"data/raw/mine": "modified"}}], False),
        ([{"changed deps": {"data/raw/mine": "deleted", "data/environment.json": "modified"}}], False),
        ([{"changed deps": {"data/raw/mine": "deleted"}}, {"changed outs": {"data/corpus/mine": "deleted"}}], False),
        (["always changed"], False),
    ],
)
def test_a_stage_without_its_recordings_alone_is_unchanged(changes: list[object], lacks: bool) -> None:
    assert lacks_only_recordings(changes) is lacks


def test_a_name_that_is_not_utf_8_stops_no_command_of_dvc(project: Path) -> None:
    folder = project / "raw/mine"
    folder.mkdir()
    (folder / "ünï.wav").touch()
    Path("dvc.yaml").write_text(
        "stages:\n  listing:\n    cmd: ls raw/mine > out\n    deps: [raw/mine]\n    outs: [out]\n"
    )
    ask_dvc("repro")
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xe9.wav")).touch()
    assert json.loads(ask_dvc("status", "--json")) == {}
    (folder / "another.wav").touch()
    assert set(json.loads(ask_dvc("status", "--json"))) == {"listing"}
