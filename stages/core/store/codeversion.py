"""Versions of code: hashes of its meaning, not of its text.

The hash of a module is that of its syntax tree without docstrings: comments, docstrings and layout change nothing.
Two caches ask for it. The row cache asks for the version of one module with all that it imports (`code_version`).
DVC asks for that of a stage (`stage_code`), which the stage `environment` writes as an artifact, because DVC does not
follow imports.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_PACKAGE = "stages"
_NOT_CONTENT = (".py", ".pyc", ".typed")
"""Suffixes of files beside the modules that change no result by their content: code counts by its meaning."""


@cache
def code_version(module: str) -> str:
    """Return 16 hex digits that change when `module`, or a ``stages`` module that it imports, changes its meaning.

    Package ``__init__`` files (the registries' lists) and ``__main__`` files (input and output) are left out: a
    new entry of a registry leaves the rows of the others valid.

    Parameters
    ----------
    module : str
        Dotted name, best taken from the thing itself (``thing.__module__``). What a module outside ``stages`` imports
        from elsewhere is not followed.

    Raises
    ------
    ValueError
        If there is no such module: without its code, rows would be kept under a key that says nothing of it.
    """
    if _file(module) is None:
        raise ValueError(f"{module}: no such module: its code has no version")
    digest = blake2b(digest_size=8)
    for name in sorted(_closure(module, packages=False)):
        digest.update(f"{name}={_meaning(name)};".encode())
    return digest.hexdigest()


@cache  # reading a package's metadata takes milliseconds, and every row's key asks for it
def library_versions(*packages: str) -> list[str]:
    """Return ``name==version`` for installed packages whose version can change a number."""
    return [f"{package}=={version(package)}" for package in packages]


def stage_code(stage: str) -> dict[str, str]:
    """Return the version of every file that a stage's result can depend on.

    Parameters
    ----------
    stage : str

    Returns
    -------
    dict of str to str
        By name, 16 hex digits: modules in the stage's import closure (packages included, ``TYPE_CHECKING`` blocks
        not) by their meaning; files of other kinds beside them, such as templates and styles, by their content. What
        is imported by a name that is computed at run time is not followed.
    """
    modules = _closure(f"{_PACKAGE}.{stage}.__main__", packages=True)
    found = {name: _meaning(name) for name in modules}
    for folder in {_file_of(name).parent for name in modules}:
        for file in folder.iterdir():
            if file.is_file() and file.suffix not in _NOT_CONTENT:
                found[file.relative_to(_ROOT).as_posix()] = _hash(file.read_bytes())
    return dict(sorted(found.items()))


def _closure(module: str, *, packages: bool) -> set[str]:
    """Return a module and all that it imports; with `packages`, also the packages that contain them."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = _file(name)
        elsewhere = name != module and name.split(".")[0] != _PACKAGE
        if name in seen or elsewhere or file is None or (file.name.startswith("__") and not packages):
            continue
        seen.add(name)
        waiting.extend([*_imports(name), name.rpartition(".")[0]])
    return seen


def _file(module: str) -> Path | None:
    """Return the file of a module or package of ``stages``, or of a loaded module of another package; else None."""
    if module.split(".")[0] != _PACKAGE:
        file = getattr(sys.modules.get(module), "__file__", None)
        return Path(file) if file else None
    place = _ROOT.joinpath(*module.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None


def _file_of(module: str) -> Path:
    file = _file(module)
    assert file is not None, module
    return file


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file_of(module).read_text(encoding="utf-8"))


@cache
def _imports(module: str) -> list[str]:
    names: list[str] = []
    for node in _run(_tree(module)):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements, nested ones too, except those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            yield from _run(ast.Module(child.orelse, []))
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from _run(child)


@cache
def _meaning(module: str) -> str:
    tree = _tree(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [line for line in node.body if not _is_documentation(line)] or [ast.Pass()]
    return _hash(ast.dump(tree).encode())


def _is_documentation(line: ast.stmt) -> bool:
    """Return whether it is a bare string: a docstring, or the text that explains a constant or field."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
