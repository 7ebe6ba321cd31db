"""Rules of the package's structure: which package imports which, what DVC depends on, and which imports stay light."""

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
FREE_FOR_ALL = {"core", "models", "neighbours"}
UNTYPED_AT_MOST = 41
"""Times that `dict[str, Any]` stands in the signatures of functions; it only goes down."""
FILE_LINES, FUNCTION_LINES = 350, 70
FLOORS = ["errors", "config", "store", "schemas", "sound", "inference", "results", "words", "run"]
"""Of the core, the lowest first: a package imports only what is below it."""


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("stages", "flows", include_external_packages=True, cache_dir=None)


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the syntax tree of each file of the package."""
    files = [file for root in ("stages", "flows") for file in sorted((ROOT / root).rglob("*.py"))]
    return {file.relative_to(ROOT): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def folder_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_the_stages_are_those_of_the_graph_and_of_the_params() -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert sorted(graph) == STAGES
    assert set(STAGES) - set(params) == {"environment"}  # which has nothing to configure


def test_a_stage_imports_only_the_core_the_libraries_and_itself() -> None:
    graph = imports()
    wrong = [
        (module, imported)
        for module in graph.modules
        if module.startswith("stages.")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("stages.") and folder_of(imported) not in FREE_FOR_ALL | {folder_of(module)}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("room", "below"), [("core", {"core"}), ("models", {"core", "models"}), ("neighbours", {"core", "neighbours"})]
)
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


def test_perturbations_are_code_of_the_stage_that_makes_neighbours_alone() -> None:
    """Other stages check a neighbour's sound by its hash, so a new perturbation need not rerun them."""
    (folder,) = ROOT.glob("stages/neighbours/perturbations")
    modules = {f"stages.neighbours.perturbations.{file.stem}" for file in folder.glob("[!_]*.py")}
    assert len(modules) > 20
    for stage in STAGES:
        assert modules & set(stage_code(stage)) == (modules if stage == "perturbation" else set()), stage


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
    found = Counter(node.name for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert [name for name, count in found.items() if count > 1] == []


def functions() -> list[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    return [
        (file, node)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def untyped(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how often `dict[str, Any]` stands in the types of a function's parameters and of what it returns."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    types = [*(parameter.annotation for parameter in parameters if parameter), function.returns]
    return sum(ast.unparse(one).count("dict[str, Any]") for one in types if one)


def test_what_is_untyped_in_signatures_is_counted_inside_other_types_too() -> None:
    code = "def f(a: list[dict[str, Any]], *b: dict[str, Any], c: dict[str, int]) -> 'x' | dict[str, Any]: ..."
    (function,) = ast.parse(code).body
    assert isinstance(function, ast.FunctionDef)
    assert untyped(function) == 3


def test_signatures_get_no_more_untyped() -> None:
    found = Counter({f"{file}:{node.name}": untyped(node) for file, node in functions()})
    assert found.total() <= UNTYPED_AT_MOST, +found


def test_no_package_of_the_stages_is_imported_by_two_names() -> None:
    """A module goes by its full name alone: no relative import, and no folder of `stages` at the top."""
    inside = {folder.name for folder in (ROOT / "stages").iterdir() if folder.is_dir()}
    short = [
        (file, node.lineno)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] in inside))
        or (isinstance(node, ast.Import) and any(name.name.split(".")[0] in inside for name in node.names))
    ]
    assert short == []


def test_files_and_functions_can_be_read_in_one_go() -> None:
    lines = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in trees()}
    assert {file: count for file, count in lines.items() if count > FILE_LINES} == {}
    long = [(file, node.name) for file, node in functions() if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES]
    assert long == []


def test_no_error_is_swallowed() -> None:
    swallowed = [
        (file, node.lineno)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and all(isinstance(step, ast.Pass) for step in node.body)
    ]
    assert swallowed == []


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
    [("parselmouth", {"stages.features", "stages.lab_speech", "stages.neighbours"}), ("prefect", {"flows"})],
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
