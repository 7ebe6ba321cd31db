"""An upgrade brings the graph up to the installed version and leaves what the team wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.project import make_project
from flows.shipped import tool_version
from flows.stamp import read_stamp, stamped
from flows.upgrade import upgrade_project
from stages.core.errors import EarwitnessError
from tests.flows.test_project import files

ROOT = Path(__file__).resolve().parents[2]
OLD = "stages:\n  report:\n    cmd: python -m stages.report\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A project that version 0.0.9 made, when there were fewer placeholders."""
    folder = tmp_path / "audit"
    make_project(folder)
    (folder / "dvc.yaml").write_text(stamped(OLD, "0.0.9"))
    (folder / "data/target/none/target.json").write_text("{}")
    (folder / "data/backdoor/.gitkeep").unlink()
    (folder / "data/backdoor").rmdir()
    (folder / "data/.gitignore").write_text("*.parquet\n/ours/\n!/corpus/none/clips.parquet\n")
    (folder / "params.yaml").write_text((folder / "params.yaml").read_text().replace("seed: 7", "seed: 8  # ours"))
    (folder / "dvc.lock").write_text("ours")
    return folder


def test_the_graph_and_the_placeholders_are_renewed_and_what_changed_is_said(old: Path) -> None:
    before = files(old)
    said = upgrade_project(old)
    after = files(old)
    assert read_stamp((old / "dvc.yaml").read_text()).version == tool_version()
    assert (old / "dvc.yaml").read_text().partition("\n")[2] == (ROOT / "dvc.yaml").read_text()
    assert (old / "data/target/none/target.json").read_bytes() == (ROOT / "data/target/none/target.json").read_bytes()
    changed = {"dvc.yaml", "data/target/none/target.json", "data/.gitignore", "data/backdoor/.gitkeep"}
    assert {name for name in after if after[name] != before.get(name)} == changed
    assert {line.split(":")[0].removesuffix("/.gitkeep") for line in said} == {
        name.removesuffix("/.gitkeep") for name in changed
    }
    assert f"dvc.yaml: updated from earwitness 0.0.9 to earwitness {tool_version()}" in said
    ignored = (old / "data/.gitignore").read_text().splitlines()
    assert ignored[:3] == ["*.parquet", "/ours/", "!/corpus/none/clips.parquet"]
    assert "*.safetensors" in ignored


def test_a_second_upgrade_changes_nothing(old: Path) -> None:
    upgrade_project(old)
    before = files(old)
    assert upgrade_project(old) == [f"nothing to change: the project fits earwitness {tool_version()}"]
    assert files(old) == before


@pytest.mark.parametrize("written", [stamped(OLD, "0.0.9") + "  ours: {cmd: make}\n", OLD])
def test_a_graph_that_was_edited_by_hand_is_replaced_only_by_force(old: Path, written: str) -> None:
    (old / "dvc.yaml").write_text(written)
    before = files(old)
    with pytest.raises(EarwitnessError, match=r"dvc\.yaml: was edited by hand: .*--force"):
        upgrade_project(old)
    assert files(old) == before
    upgrade_project(old, force=True)
    assert (old / "dvc.yaml").read_text().partition("\n")[2] == (ROOT / "dvc.yaml").read_text()


def test_params_that_the_new_version_does_not_take_are_named_and_left(old: Path) -> None:
    params = old / "params.yaml"
    params.write_text(params.read_text().replace("seed: 8", "sede: 8"))
    before = params.read_bytes()
    assert any("for you to correct" in line and "seed" in line for line in upgrade_project(old))
    assert params.read_bytes() == before


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(EarwitnessError, match=r"is no project: make one by 'earwitness init "):
        upgrade_project(tmp_path)


def test_the_tool_s_own_repository_is_brought_up_by_git() -> None:
    with pytest.raises(EarwitnessError, match="is the tool's own repository"):
        upgrade_project(ROOT, force=True)
