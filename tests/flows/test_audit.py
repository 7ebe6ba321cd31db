"""The flow: which stages run, when, what a failed stage stops, and what is kept of a run."""

import json
import subprocess
import sys
import time
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import TaskRunSort

from flows import execution
from flows.audit import TIMINGS, audit, goals, write_timings
from flows.environment import process_environment
from flows.execution import StageOutcome

STAGES = {"clock", "features@one", "features@two", "evaluation@left", "evaluation@right", "report"}


def run(audits: list[str] | None = None, *, fresh: bool = False) -> State[Any]:
    return audit(audits, fresh, checked=True, return_state=True)  # the toys have no recordings to check


def ran(project: Path) -> dict[str, tuple[float, float]]:
    """Return when each stage started and ended, and forget it."""
    log = project / "ran.txt"
    lines = log.read_text().split("\n")[:-1] if log.exists() else []
    log.unlink(missing_ok=True)
    return {name: (float(start), float(end)) for name, start, end in (line.split() for line in lines)}


def task_states(state: State[Any], stages: Set[str] = STAGES) -> dict[str, str]:
    """Return the stages' states in Prefect; the server takes in a task's last event a moment after it has ended."""
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    deadline = time.monotonic() + 10
    while True:
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=mine, sort=TaskRunSort.NAME_ASC, limit=100)
        states = {found.name: str(found.state_name) for found in runs}
        if set(states) == stages and not {"Pending", "Running"} & set(states.values()):
            return states
        assert time.monotonic() < deadline, states
        time.sleep(0.1)


def test_every_stage_runs_when_its_inputs_are_ready(first_run: tuple[Path, State[Any]]) -> None:
    folder, state = first_run
    lines = (folder / "ran.txt").read_text().splitlines()
    times = {name: (float(start), float(end)) for name, start, end in (line.split() for line in lines)}
    assert state.is_completed(), state.message
    assert sorted(line.split()[0] for line in lines) == sorted(STAGES)
    assert times["clock"][1] <= times["features@one"][0]
    assert times["features@one"][1] <= times["evaluation@left"][0]
    assert max(times["evaluation@left"][1], times["evaluation@right"][1]) <= times["report"][0]
    assert (folder / "data/report.txt").read_text() == "noon\none\nnoon\ntwo\n"


@pytest.mark.slow
def test_ready_stages_run_beside_each_other(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.audit.CORES", 2)
    run()
    times = ran(project)
    one, two = times["features@one"], times["features@two"]
    assert max(one[0], two[0]) < min(one[1], two[1])


def test_a_second_run_finds_all_but_the_always_changed_cached(built: Path) -> None:
    state = run()
    assert set(ran(built)) == {"clock"}
    states = task_states(state)
    assert states.pop("clock") == "Completed"
    assert states == dict.fromkeys(STAGES - {"clock"}, "Cached")

    timings = json.loads((built / ".cache/timings.json").read_text())["stages"]
    assert set(timings) == STAGES
    assert timings["features@one"]["cached"]
    assert timings["features@one"]["seconds"] > 0.6  # of the run before, which was the last that it had
    assert not timings["clock"]["cached"]


def test_a_changed_file_reruns_what_reads_it_and_nothing_else(built: Path) -> None:
    (built / "raw" / "two.txt").write_text("another\n")
    state = run()
    assert set(ran(built)) == {"clock", "features@two", "evaluation@right", "report"}
    assert task_states(state)["features@one"] == "Cached"


@pytest.mark.slow
def test_what_an_always_changed_stage_makes_is_seen_in_the_same_run(built: Path) -> None:
    (built / "time.txt").write_text("midnight\n")
    run()
    assert set(ran(built)) == STAGES
    assert (built / "data/report.txt").read_text().startswith("midnight")


@pytest.mark.slow
def test_a_stage_whose_input_comes_out_as_before_is_cached(built: Path) -> None:
    text = (built / "dvc.yaml").read_text()
    (built / "dvc.yaml").write_text(text.replace("features@${key} 0.6", "features@${key} 0.1"))
    state = run()
    assert set(ran(built)) == {"clock", "features@one", "features@two"}
    assert task_states(state)["report"] == "Cached"


def test_a_failed_stage_stops_only_what_reads_it(project: Path) -> None:
    (project / "broken").write_text("features@one")
    state = run()
    assert state.is_failed()
    assert state.message == "earwitness: features@one: broken/file.csv, row 3: no speaker: add one"
    assert set(ran(project)) == {"clock", "features@two", "evaluation@right"}
    assert task_states(state)["evaluation@left"] == "NotReady"
    assert "row 3" in (project / ".cache/log/features@one.log").read_text()

    (project / "broken").unlink()
    assert run().is_completed()
    assert set(ran(project)) == {"clock", "features@one", "evaluation@left", "report"}


def test_a_failed_stage_that_always_runs_stops_only_what_reads_it(project: Path) -> None:
    text = (project / "dvc.yaml").read_text()
    alone = "  alone:\n    cmd: python work.py alone 0 time.txt data/alone.txt\n    outs:\n      - data/alone.txt\n"
    (project / "dvc.yaml").write_text(text + alone)
    (project / "broken").write_text("clock")
    state = run()
    assert state.message == "earwitness: clock: broken/file.csv, row 3: no speaker: add one"
    assert set(ran(project)) == {"alone"}
    states = task_states(state, STAGES | {"alone"})
    assert (states["clock"], states["alone"], states["report"]) == ("Failed", "Completed", "NotReady")


@pytest.mark.slow
def test_named_audits_run_only_what_they_need(built: Path) -> None:
    for name in ("one", "two"):
        (built / "raw" / f"{name}.txt").write_text("another\n")
    run(["right"])
    assert set(ran(built)) == {"clock", "features@two", "evaluation@right"}


@pytest.mark.slow
def test_fresh_runs_everything_again(built: Path) -> None:
    run(fresh=True)
    assert set(ran(built)) == STAGES


def test_verdicts_are_an_artifact_without_paths(first_run: tuple[Path, State[Any]]) -> None:
    run_id = str(first_run[1].state_details.flow_run_id)
    wanted = {"artifacts": {"key": {"any_": ["verdicts"]}}, "flow_runs": {"id": {"any_": [run_id]}}}
    with get_client(sync_client=True) as client:
        (found,) = client.request("POST", "/artifacts/filter", json=wanted).json()
    assert json.loads(found["data"]) == [
        {
            "audit": "left",
            "corpus": "one",
            "grade": "randomised",
            "blind AUC": "0.51 [0.45, 0.57]",
            "best primary attack": "loss/transcript/given/0",
            "attack AUC": "0.84 [0.80, 0.88]",
            "finding": "memorised",
        }
    ]


def test_a_graph_that_dvc_cannot_read_is_one_line(project: Path) -> None:
    (project / "dvc.yaml").write_text("stages:\n  one:\n    foreach: ${nowhere}\n    do: {cmd: 'true'}\n")
    state = run()
    assert state.is_failed()
    assert str(state.message).startswith("earwitness: dvc dag: failed to parse 'stages.one.foreach'")
    assert "\n" not in str(state.message)


def test_without_a_command_line_the_flow_checks_the_input_itself(built: Path) -> None:
    state = audit(["left"], return_state=True)
    assert state.is_failed()
    assert str(state.message).startswith("earwitness: data/raw/one: missing: ")
    assert ran(built) == {}


def test_a_stage_that_another_process_runs_is_waited_for(built: Path) -> None:
    (built / "raw" / "one.txt").write_text("changed\n")
    text = (built / "dvc.yaml").read_text().replace("features@${key} 0.6", "features@${key} 3")
    (built / "dvc.yaml").write_text(text)
    command = [sys.executable, "-m", "dvc", "repro", "-q", "--single-item", "features@one"]
    locks = built / ".dvc/tmp/rwlock"
    drawn: list[str] = []
    said: list[str] = []
    with subprocess.Popen(command, env=process_environment()) as other:
        while not (locks.exists() and "features/one" in locks.read_text()):
            assert other.poll() is None
        outcome = execution.reproduce("features@one", fresh=False, workers=1, progress=drawn.append, say=said.append)
    assert other.returncode == 0
    assert outcome.kind == "cached"
    assert said == ["features@one: another process of DVC uses its files; waiting"]
    assert set(ran(built)) == {"features@one"}


@pytest.mark.parametrize("broken", ["{", '{"stages": 3}', "[]", '{"stages": {"a": {"seconds": "long"}}}', "\udcff"])
def test_a_broken_file_of_timings_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    monkeypatch.chdir(tmp_path)
    TIMINGS.parent.mkdir()
    TIMINGS.write_text(broken, errors="surrogateescape")
    write_timings({"a": StageOutcome("ran", 2.0)}, {"a"}, 3.0)
    assert json.loads(TIMINGS.read_text()) == {"seconds": 3.0, "stages": {"a": {"seconds": 2.0, "cached": False}}}


def test_timings_are_kept_of_stages_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_timings({name: StageOutcome("ran", 2.0) for name in "abc"}, "abc", 6.0)
    write_timings({"a": StageOutcome("cached"), "d": StageOutcome("failed", 1.0)}, "abd", 0.1)
    kept = {"seconds": 2.0, "cached": True}
    assert json.loads(TIMINGS.read_text()) == {"seconds": 0.1, "stages": {"a": kept, "b": kept}}


def test_the_goal_of_a_name(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    names = ["trained", "voices", "lab_control"]  # an audit of membership, one of leakage, and a corpus
    assert sorted(goals(names)) == ["attribute_leakage@voices", "blind_baseline@lab_control", "evaluation@trained"]
