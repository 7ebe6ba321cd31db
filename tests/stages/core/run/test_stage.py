"""How a stage ends: status, one line, and its lock."""

import sys
import threading
from pathlib import Path

import pytest

from stages.core.errors import EarwitnessError
from stages.core.run.stage import require_declared, run_stage, stage_lock
from stages.features.params import FeaturesParams


@pytest.fixture
def here(workplace: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (workplace / "params.yaml").write_text((repository / "params.yaml").read_text())
    monkeypatch.setattr(sys, "argv", ["stage", "--corpus", "mine"])
    return workplace


def test_the_item_and_the_params_reach_the_work(here: Path) -> None:
    seen = []
    run_stage("features", lambda name, params: seen.append((name, type(params))), FeaturesParams, "corpus")
    assert seen == [("mine", FeaturesParams)]


def test_an_error_for_people_is_one_line_and_status_2(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(name: str, params: FeaturesParams) -> None:
        raise EarwitnessError("a.csv, row 3: no speaker: add one")

    with pytest.raises(SystemExit) as ended:
        run_stage("features", work, FeaturesParams, "corpus")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "earwitness: features@mine: a.csv, row 3: no speaker: add one\n"


def test_broken_params_are_an_error_for_people_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "params.yaml").write_text("seed: seven\n")
    with pytest.raises(SystemExit, match="2"):
        run_stage("features", lambda name, params: None, FeaturesParams, "corpus")
    assert capsys.readouterr().err.startswith("earwitness: features@mine: params.yaml: ")


def test_a_defect_is_not_swallowed(here: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run_stage("features", lambda name, params: print(1 / 0), FeaturesParams, "corpus")


def test_the_second_writer_waits(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = []

    def second() -> None:
        with stage_lock("logits", "trained"):
            order.append("second")

    with stage_lock("logits", "trained"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "logits@trained: another process is at it; waiting" in capsys.readouterr().err


def test_locks_of_other_items_are_free(workplace: Path) -> None:
    with stage_lock("logits", "a"), stage_lock("logits", "b"), stage_lock("features", "a"):
        assert len(list(workplace.glob(".cache/locks/*"))) == 3


def test_what_is_not_declared_is_named() -> None:
    with pytest.raises(EarwitnessError, match=r"params\.yaml: corpora: 'y' is not declared \(there is x\): add it"):
        require_declared({"x": 1}, "corpora", "y")
