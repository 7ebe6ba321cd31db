"""A project of one's own is made whole, or nothing of it is."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from flows import command_line
from flows.graph import load_graph
from flows.preflight import check_params, preflight
from flows.project import make_project
from flows.shipped import PROJECT_FILES
from stages.core.errors import EarwitnessError

ROOT = Path(__file__).resolve().parents[2]


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder that did not exist; the working directory is the one above."""
    monkeypatch.chdir(tmp_path)
    make_project(Path("audit"))
    return tmp_path / "audit"


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(project)
    return project


def test_a_project_holds_what_the_tool_s_own_repository_holds(project: Path) -> None:
    made = files(project)
    for name in set(PROJECT_FILES) - {"dvc.yaml"}:
        assert made.pop(name) == (ROOT / name).read_bytes(), name
    first, _, graph = made.pop("dvc.yaml").decode().partition("\n")
    assert graph == (ROOT / "dvc.yaml").read_text()
    assert re.match(r"# earwitness \d+\.\d+\.\d+ wrote this file", first)
    assert "earwitness audit" in made.pop("README.md").decode()
    assert {Path(name).name for name in made} == {".gitkeep"}


def test_git_sees_all_of_it_and_nothing_is_committed_or_staged(project: Path) -> None:
    seen = {line[3:] for line in git(project, "status", "--porcelain", "-uall").splitlines() if line.startswith("?? ")}
    assert seen == set(files(project))


def test_the_graph_is_that_of_the_tool_and_finds_all_that_no_stage_makes(inside: Path) -> None:
    graph = load_graph()
    assert {"environment", "logits@trained", "report"} <= set(graph.inputs)
    made_by_none = [dep for dep in yaml.safe_load(Path("dvc.yaml").read_text())["stages"]["report"]["deps"]]
    assert all(Path(dep).is_dir() for dep in made_by_none if not Path(dep).suffix)


def test_a_new_project_passes_the_checks(inside: Path) -> None:
    assert "lab_trained" in preflight().corpora


def test_the_examples_in_the_params_are_valid_once_their_comment_signs_are_gone(inside: Path) -> None:
    text = Path("params.yaml").read_text().replace("targets: {}", "targets:")
    uncommented = re.sub(r"^  # (mine:|own:|  \w+: \w+[/\w]*)$", r"  \1", text, flags=re.MULTILINE)
    Path("params.yaml").write_text(uncommented)
    check_params(Path("params.yaml"))
    params = yaml.safe_load(uncommented)
    assert params["audits"]["mine"] == {"corpus": "mine", "target": "own", "reference": "none"}
    assert set(params["corpora"]) >= {"mine", "lab_trained"}
    assert set(params["targets"]) == {"own"}


def test_a_git_repository_keeps_what_is_its_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "README.md").write_text("ours\n")
    (tmp_path / "train.py").write_text("ours\n")
    (tmp_path / ".gitignore").write_text("secrets/\n.venv/")
    make_project(tmp_path)
    assert (tmp_path / "README.md").read_text() == "ours\n"
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert ignored[:2] == ["secrets/", ".venv/"]
    assert ".cache/" in ignored
    assert ignored.count(".venv/") == 1
    assert (tmp_path / "params.yaml").is_file()


def test_a_repository_of_dvc_keeps_its_config(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    remote = ours\n")
    make_project(tmp_path)
    assert (tmp_path / ".dvc/config").read_text() == "[core]\n    remote = ours\n"


def test_an_environment_in_the_folder_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    make_project(tmp_path)
    assert (tmp_path / "dvc.yaml").is_file()


def test_what_was_stopped_half_way_is_finished_by_the_same_command(project: Path) -> None:
    whole = files(project)
    for name in ("dvc.yaml", "data/corpus/none/clips.parquet", "data/evaluation/.gitkeep"):
        (project / name).unlink()
    make_project(project)
    assert set(files(project)) >= set(whole) - {"data/evaluation/.gitkeep"}
    assert (project / "dvc.yaml").read_bytes() == whole["dvc.yaml"]


def holds_files(folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")


def is_a_file(folder: Path) -> None:
    folder.write_text("mine")


def has_a_graph(folder: Path) -> None:
    make_project(folder)


def has_params(folder: Path) -> None:
    git(folder.parent, "init", "-q", folder.name)
    (folder / "params.yaml").write_text("learning_rate: 1")


def has_stages(folder: Path) -> None:
    git(folder.parent, "init", "-q", folder.name)
    (folder / "stages").mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (holds_files, r"holds files \(notes\.txt\) and is not a git repository"),
        (is_a_file, "is a file"),
        (has_a_graph, r"dvc\.yaml: is there already.*--upgrade"),
        (has_params, r"params\.yaml: is there already and would be overwritten"),
        (has_stages, r"stages: hides the tool's own package 'stages'"),
    ],
)
def test_what_is_in_the_way_is_one_line_and_nothing_is_written(
    tmp_path: Path, spoil: object, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "audit"
    assert callable(spoil)
    spoil(folder)
    before = files(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        command_line.main(["init", str(folder)])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(rf"earwitness: .*{why}", line)
    assert files(tmp_path) == before


def test_a_project_inside_a_repository_is_told_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "-q")
    command_line.main(["init", str(tmp_path / "audit")])
    assert f"lies in the git repository {tmp_path}: ignore it there" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "why"), [((), "name a folder"), (("x", "--force"), "--force needs --upgrade")])
def test_a_command_that_says_too_little(
    arguments: tuple[str, ...], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["init", *arguments])
    assert list(tmp_path.iterdir()) == []


def test_without_git_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EarwitnessError, match=r"^git: not found: install it"):
        make_project(tmp_path / "audit")
