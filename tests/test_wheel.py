"""The wheel holds all that is needed: the public interface, the stages' templates, and the files of a new project."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from flows.environment import process_environment
from flows.shipped import PROJECT_FILES
from stages.core.run.discovery import stage_names
from stages.core.store.codeversion import stage_code
from stages.core.store.jsonfile import read_json
from tests.conftest import copy_working_tree
from tests.test_pipeline import cut_down

PUBLIC = "flows/earwitness/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A wheel of the working tree, built in a copy, where nothing of an earlier build lies."""
    folder = tmp_path_factory.mktemp("wheel")
    copy_working_tree(repository, folder / "source")
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, *build, str(folder / "source")], check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    with ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "unpacked")
    return wheel.parent / "unpacked"


def run_python(code: str, path: Path, folder: Path) -> list[str]:
    """Run code by a Python whose packages come from `path` first, and return what it prints, by word."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=True)
    return done.stdout.split()


def test_everything_below_stages_and_flows_is_in_it_once(wheel: Path, repository: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "stages", "flows"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    wanted = {name.removeprefix("flows/") if name.startswith(PUBLIC) else name for name in listed}
    held = [name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name and ".data/" not in name]
    assert {"earwitness/__init__.py", "earwitness/py.typed", "stages/report/page.css"} <= set(held)
    assert sorted(held) == sorted(wanted)


def test_what_a_project_begins_with_is_in_it_as_it_stands_here(unpacked: Path, repository: Path) -> None:
    (share,) = unpacked.glob("*.data/data/share/earwitness")
    for name in PROJECT_FILES:
        assert (share / name).read_bytes() == (repository / name).read_bytes(), name
    assert (share / "docs/backdoors.yaml").is_file()
    assert (share / "docs/own_corpus.md").is_file()


def test_importing_the_public_interface_imports_nothing_else(unpacked: Path, tmp_path: Path) -> None:
    loaded = run_python("import earwitness, sys; print(*sys.modules)", unpacked, tmp_path)
    assert "earwitness" in loaded
    assert set(loaded) & {"numpy", "torch", "stages", "flows", "importlib.metadata"} == set()


USE = """
import json
import earwitness
import torch
from earwitness import score, token_statistics

statistics = token_statistics(torch.zeros(3, 4), torch.tensor([0, 1, 2]))
found = score({name: column.numpy() for name, column in statistics.items()}, "a b c")
names = [name for name in earwitness.__all__ if getattr(earwitness, name) is not None]
print(json.dumps({"loss": found["loss"], "names": names, "dir": dir(earwitness), "homes": list(earwitness._HOMES)}))
"""


def test_every_public_name_is_there_and_its_functions_work(unpacked: Path, tmp_path: Path) -> None:
    said = json.loads(" ".join(run_python(USE, unpacked, tmp_path)))
    assert said["loss"] == pytest.approx(-math.log(4))  # of four tokens alike
    assert {"judge", "score", "token_statistics", "__version__"} <= set(said["names"])
    assert sorted(said["dir"]) == sorted(said["names"]) == sorted({*said["homes"], "__version__"})


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A fresh environment with the wheel, which finds all other packages where the tests' environment has them."""
    folder = wheel.parent / "environment"
    venv.create(folder)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "others.pth").write_text("\n".join(others))
    return folder / "bin"


def run_installed(bin_folder: Path, folder: Path, *command: str) -> str:
    environment = process_environment() | {"PREFECT_HOME": str(folder / ".cache/prefect")}
    environment.pop("PREFECT_API_URL", None)
    done = subprocess.run(
        [str(bin_folder / command[0]), *command[1:]], cwd=folder, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Path:
    """A project that the installed command made, of a lab that is cut down."""
    run_installed(installed, tmp_path, "earwitness", "init", "audit")
    path = tmp_path / "audit/params.yaml"
    params = yaml.safe_load(path.read_text())
    cut_down(params)
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    return tmp_path / "audit"


def test_code_has_the_same_version_when_it_is_installed(installed: Path, project: Path) -> None:
    run_installed(installed, project, "python", "-m", "stages.environment")
    for stage in set(stage_names()) - {"environment"}:
        assert read_json(project / f"data/environment/code/{stage}.json") == stage_code(stage), stage


def test_the_installed_command_renews_its_project_and_adds_what_the_docs_offer(installed: Path, project: Path) -> None:
    assert "nothing to change" in run_installed(installed, project, "earwitness", "init", "--upgrade")
    assert "audits.texts" in run_installed(installed, project, "earwitness", "add", "docs/modality.yaml")
    assert str(installed.parent / "share/earwitness/docs") in run_installed(installed, project, "earwitness", "--help")


@pytest.mark.slow
def test_an_empty_folder_is_audited_by_the_installed_package(installed: Path, project: Path) -> None:
    shown = run_installed(installed, project, "earwitness", "audit")
    audits = yaml.safe_load((project / "params.yaml").read_text())["audits"]
    assert [name for name in audits if f"\n{name} " in shown] == list(audits)
    assert (project / "data/report/report.html").is_file()
    seen = subprocess.run(["git", "ls-files", "-o", "--exclude-standard"], cwd=project, capture_output=True, text=True)
    assert {Path(name).suffix for name in seen.stdout.split()} <= {
        "",
        ".csv",
        ".json",
        ".lock",
        ".md",
        ".parquet",
        ".yaml",
    }
