"""The rules that keep the house simple: who imports whom, what DVC watches, what stays light."""

import ast
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import grimp
import pytest
import yaml

from stages.core.store.codeversion import stage_code

ROOT = Path(__file__).resolve().parents[1]
STAGES = sorted(folder.parent.name for folder in ROOT.glob("stages/*/__main__.py"))
FREE_FOR_ALL = {"core", "models"}
FLOORS = ["errors", "config", "store", "schemas", "sound", "inference", "results", "words", "run"]
"""Of the core, the lowest first: a package imports only what is below it."""


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


def test_a_stage_imports_only_the_core_the_models_and_itself() -> None:
    graph = imports()
    wrong = [
        (module, imported)
        for module in graph.modules
        if module.startswith("stages.")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("stages.") and folder_of(imported) not in FREE_FOR_ALL | {folder_of(module)}
    ]
    assert wrong == []


@pytest.mark.parametrize(("room", "below"), [("core", {"core"}), ("models", {"core", "models"})])
def test_the_libraries_import_no_stage(room: str, below: set[str]) -> None:
    graph = imports()
    modules = [module for module in graph.modules if module.startswith("stages.") and folder_of(module) == room]
    wrong = [
        (module, imported)
        for module in modules
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("stages.") and folder_of(imported) not in below
    ]
    assert modules
    assert wrong == []


def test_the_core_s_packages_import_only_what_is_below_them() -> None:
    graph = imports()
    floor = {f"stages.core.{name}": height for height, name in enumerate(FLOORS)}
    packages = {child for child in graph.find_children("stages.core")}
    assert packages == set(floor)
    wrong = [
        (module, imported)
        for package in packages
        for module in {package} | graph.find_descendants(package)
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("stages.core.") and floor[".".join(imported.split(".")[:3])] > floor[package]
    ]
    assert wrong == []


@pytest.mark.parametrize("root", ["stages", "flows"])
def test_no_two_modules_import_each_other_even_over_others(root: str) -> None:
    graph = imports()
    modules = [module for module in graph.modules if module.startswith(root) and not is_package(module)]
    circles = [
        (module, imported)
        for module in modules
        for imported in graph.find_modules_directly_imported_by(module)
        if imported in modules and graph.find_shortest_chain(imported, module)
    ]
    assert circles == []


def is_package(module: str) -> bool:
    return ROOT.joinpath(*module.split(".")).is_dir()


def test_no_name_of_a_class_stands_twice() -> None:
    found = Counter(
        node.name
        for root in ("stages", "flows")
        for file in (ROOT / root).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in found.items() if count > 1] == []


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
def test_the_version_of_a_stage_s_code_covers_its_import_closure(stage: str) -> None:
    closure = imports().find_upstream_modules(f"stages.{stage}.__main__")
    assert {module for module in closure if module.startswith("stages.")} <= set(stage_code(stage))


def test_dvc_watches_the_code_of_every_stage_by_its_version_alone() -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for stage, declared in graph.items():
        watched = [dep for dep in declared.get("do", declared).get("deps", []) if not dep.startswith("data/")]
        assert watched == []
        versions = [dep for dep in declared.get("do", declared).get("deps", []) if "/code/" in dep]
        assert versions == ([] if stage == "environment" else [f"data/environment/code/{stage}.json"])


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
