"""The rules that keep the house simple: who imports whom, what DVC watches, what stays light."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import grimp
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
STAGES = sorted(folder.parent.name for folder in ROOT.glob("stages/*/__main__.py"))
FREE_FOR_ALL = {"core", "target"}


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("stages", "flows", include_external_packages=True, cache_dir=None)


def folder_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_the_stages_are_those_of_the_graph_and_of_the_params() -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert sorted(graph) == STAGES
    assert set(STAGES) - set(params) == {"environment"}  # which has nothing to configure


def test_a_stage_imports_only_the_core_itself_and_the_target() -> None:
    graph = imports()
    wrong = [
        (module, imported)
        for module in graph.modules
        if module.startswith("stages.")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("stages.") and folder_of(imported) not in FREE_FOR_ALL | {folder_of(module)}
    ]
    assert wrong == []


def test_the_core_imports_no_stage() -> None:
    graph = imports()
    core = [module for module in graph.modules if folder_of(module) == "core" and module.startswith("stages.")]
    wrong = [
        (module, imported)
        for module in core
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("stages.") and folder_of(imported) != "core"
    ]
    assert core
    assert wrong == []


def test_no_stage_knows_who_runs_it() -> None:
    graph = imports()
    wrong = [
        (module, imported)
        for module in graph.modules
        if module.startswith("stages")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.split(".")[0] in {"flows", "prefect", "dvc"}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "allowed"),
    [("parselmouth", {"stages.features", "stages.lab_speech", "stages.perturbation"}), ("prefect", {"flows"})],
)
def test_who_imports_a_package_that_is_kept_in_one_place(package: str, allowed: set[str]) -> None:
    importers = imports().find_modules_that_directly_import(package)
    homes = [next((home for home in allowed if module.startswith(home + ".")), module) for module in importers]
    assert set(homes) <= allowed
    if package == "parselmouth":
        assert len(homes) == len(set(homes)) == 3


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_watches_all_the_code_of_a_stage(stage: str) -> None:
    """A file that a stage imports, directly or not, lies in one of its dependencies: DVC does not follow imports."""
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]
    declared = declared.get("do", declared)
    if declared.get("always_changed"):
        return
    graph = imports()
    closure = set(graph.find_upstream_modules(f"stages.{stage}.__main__"))
    files = {file_of(module) for module in closure if module.startswith("stages.")}
    watched = [ROOT / dep for dep in declared.get("deps", []) if "$" not in dep]
    unseen = [str(file.relative_to(ROOT)) for file in files if not any(covers(dep, file) for dep in watched)]
    assert sorted(unseen) == []


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def covers(dependency: Path, file: Path) -> bool:
    return file == dependency or dependency in file.parents


@pytest.mark.parametrize(
    ("command", "light"),
    [
        (
            "import flows.command_line as c; c.parser().format_help()",
            ("prefect", "torch", "numpy", "pyarrow", "pydantic"),
        ),
        ("import stages.environment.__main__", ("torch", "transformers", "librosa", "pyarrow")),
        ("import stages.target.__main__", ("torch", "transformers", "librosa")),
        ("import stages.corpus.__main__", ("torch", "transformers", "librosa")),
        ("import stages.attacks.__main__", ("torch", "transformers", "librosa")),
        ("import stages.report.__main__", ("torch", "transformers", "librosa", "sklearn")),
    ],
)
def test_what_should_be_light_is(command: str, light: tuple[str, ...]) -> None:
    check = f"{command}; import sys; print(*[name for name in {light!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
