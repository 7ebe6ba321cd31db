"""The version of code: what it means counts, how it is written does not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stages.core.store import codeversion
from stages.core.store.codeversion import code_version, library_versions

Write = Callable[[str, str], None]

MODULE = '''
"""What it is."""
from stages.base import helper

LIMIT = 3
"""Why three."""

def work(x):
    """Work."""
    return helper(x) + LIMIT
'''


def forget() -> None:
    for cached in (codeversion.code_version, codeversion._tree, codeversion._imports, codeversion._meaning):
        cached.cache_clear()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    monkeypatch.setattr(codeversion, "_ROOT", tmp_path)
    (tmp_path / "stages/room").mkdir(parents=True)

    def put(name: str, text: str) -> None:
        (tmp_path / "stages" / name).write_text(text)
        forget()

    put("base.py", "def helper(x):\n    return x\n")
    put("module.py", MODULE)
    yield put
    forget()


def test_comments_docstrings_and_layout_cost_nothing(write: Write) -> None:
    before = code_version("stages.module")
    write("module.py", "# A comment.\n" + MODULE.replace("Why three", "Because").replace("Work.", "Do it.") + "\n\n")
    assert code_version("stages.module") == before


@pytest.mark.parametrize("change", [("LIMIT = 3", "LIMIT = 4"), ("+ LIMIT", "- LIMIT"), ("work(x)", "work(x, y=1)")])
def test_a_change_of_meaning_is_another_version(write: Write, change: tuple[str, str]) -> None:
    before = code_version("stages.module")
    write("module.py", MODULE.replace(*change))
    assert code_version("stages.module") != before


def test_what_is_imported_counts_and_nothing_else(write: Write) -> None:
    before = code_version("stages.module")
    write("other.py", "x = 1\n")
    write("room/__init__.py", "from stages.room import first\n")
    assert code_version("stages.module") == before
    write("base.py", "def helper(x):\n    return x + 1\n")
    assert code_version("stages.module") != before


def test_imports_inside_functions_and_of_names_count(write: Write) -> None:
    write("module.py", "def work():\n    from stages import base\n    return base\n")
    before = code_version("stages.module")
    write("base.py", "y = 2\n")
    assert code_version("stages.module") != before


def test_circular_imports_end(write: Write) -> None:
    write("base.py", "from stages.module import LIMIT\n")
    assert len(code_version("stages.module")) == 16


def test_library_versions_name_what_is_installed() -> None:
    numpy, soundfile = library_versions("numpy", "soundfile")
    assert numpy.startswith("numpy==2")
    assert soundfile.startswith("soundfile==0")
