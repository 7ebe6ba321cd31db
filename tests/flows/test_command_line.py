"""The command: its output, its errors and its exit statuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import command_line


def earwitness(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(command_line.__file__).parents[1]
    command = [sys.executable, "-m", "flows.command_line", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)})


def test_help_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = earwitness("audit", "--help")
    assert done.returncode == 0
    assert "--fresh" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_is_one_line_with_status_2_and_touches_nothing(project: Path) -> None:
    subprocess.run(["git", "add", "-A"], check=True)
    done = earwitness("audit", "nobody")
    assert done.returncode == 2
    assert done.stderr == (
        "earwitness: params.yaml: audits: 'nobody' is not declared: use one of left, right; "
        "or, for its blind baseline, one of the corpora one, two\n"
    )
    assert done.stdout == ""
    changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    assert {line[:2] for line in changed.splitlines()} == {"A "}


def test_an_audit_prints_the_findings_and_where_the_report_is(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flows.preflight._check_corpus", lambda *given: None)  # the toys have no recordings
    command_line.main(["audit"])
    shown = capsys.readouterr().out
    assert "memorised" in shown
    assert "left: 3 of 400 clips are too long" in shown
    assert "left: 38 of 400 clips were not scored: the target gives no numbers" in shown
    assert "left: loss separates" not in shown
    assert f"Report: {built / 'data/report/report.html'}" in shown


@pytest.mark.slow
def test_a_failed_stage_ends_with_its_line_and_status_2(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flows.preflight._check_corpus", lambda *given: None)  # the toys have no recordings
    (built / "broken").write_text("features@one")
    (built / "raw/one.txt").write_text("changed\n")
    with pytest.raises(SystemExit) as exit_:
        command_line.main(["audit", "left"])
    assert exit_.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert "earwitness: features@one: broken/file.csv, row 3: no speaker: add one" in lines
    assert not any("Traceback" in line for line in lines)
