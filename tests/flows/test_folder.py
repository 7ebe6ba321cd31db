"""In which folders an audit can run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.folder import check_folder
from flows.project import make_project
from flows.stamp import stamped
from stages.core.errors import EarwitnessError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path)
    return tmp_path


def test_a_project_and_the_tool_s_own_repository_are_such_folders(project: Path) -> None:
    check_folder(project)
    check_folder(ROOT)


def test_a_folder_that_is_no_git_repository(project: Path) -> None:
    shutil.rmtree(project / ".git")
    with pytest.raises(EarwitnessError, match=r"not a git repository, and DVC needs one: .*earwitness init FOLDER"):
        check_folder(project)


@pytest.mark.parametrize("name", ["stages", "flows"])
def test_a_folder_or_file_that_hides_the_tool_s_packages(project: Path, name: str) -> None:
    (project / name).mkdir()
    with pytest.raises(EarwitnessError, match=rf"{name}: hides the tool's own package '{name}' from Python: rename it"):
        check_folder(project)
    (project / name).rmdir()
    (project / f"{name}.py").write_text("")
    with pytest.raises(EarwitnessError, match=rf"{name}\.py: hides the tool's own package '{name}'"):
        check_folder(project)


def test_a_graph_of_another_version_is_refused_where_it_is_another_graph(project: Path) -> None:
    graph = project / "dvc.yaml"
    _, _, content = graph.read_text().partition("\n")
    graph.write_text(stamped(content, "0.0.9"))
    check_folder(project)
    graph.write_text(stamped(content + "# more\n", "0.0.9"))
    with pytest.raises(EarwitnessError, match=r"dvc\.yaml: was written by earwitness 0\.0\.9, but .*init --upgrade"):
        check_folder(project)
    graph.write_text(graph.read_text() + "# edited by the team, who know what they do\n")
    check_folder(project)
