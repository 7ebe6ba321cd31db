"""The version of a piece of code, for the row cache: a hash of its meaning, not of its text.

The hash covers a module and every ``stages`` module it imports, directly or not, each as the dump of its syntax
tree without docstrings. Comments, docstrings and layout therefore cost nothing. Package ``__init__`` files (the
registries' lists) and ``__main__`` files (input and output) are left out: adding an entry leaves the others valid.
"""

from __future__ import annotations

import ast
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@cache
def code_version(module: str) -> str:
    """Return 16 hex digits that change when the meaning of `module`, or of what it imports from ``stages``, does."""
    digest = blake2b(digest_size=8)
    for name in sorted(_closure(module)):
        digest.update(f"{name}={_dump(name)};".encode())
    return digest.hexdigest()


@cache  # reading a package's metadata takes milliseconds, and every row's key asks for it
def library_versions(*packages: str) -> list[str]:
    """Return ``name==version`` for installed packages whose version can change a number."""
    return [f"{package}=={version(package)}" for package in packages]


def _closure(module: str) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or _file(name) is None:
            continue
        seen.add(name)
        waiting.extend(_imports(name))
    return seen


def _file(module: str) -> Path | None:
    """Return the module's file, or None for packages, ``__main__`` and what is not of this repository."""
    if module.split(".")[0] != "stages" or module.endswith("__main__"):
        return None
    file = _ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return file if file.is_file() else None


@cache
def _tree(module: str) -> ast.Module:
    file = _file(module)
    assert file is not None, module
    return ast.parse(file.read_text(encoding="utf-8"))


def _imports(module: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@cache
def _dump(module: str) -> str:
    tree = ast.parse(ast.unparse(_tree(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [line for line in node.body if not _is_documentation(line)] or [ast.Pass()]
    return ast.dump(tree)


def _is_documentation(line: ast.stmt) -> bool:
    """Whether it is a bare string: a docstring, or the text below a constant or field that explains it."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
