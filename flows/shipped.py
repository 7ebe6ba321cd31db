"""Files of the tool that are no code: what a project begins with, and the docs.

In the tool's own repository they lie at its root, and there is no other copy. A wheel carries them as data files
(`pyproject.toml: tool.setuptools.data-files`).
"""

from __future__ import annotations

from pathlib import Path

from stages.core.errors import EarwitnessError

IGNORES = (".gitignore", ".dvcignore", "data/.gitignore")
"""Lists that a team may lengthen."""

PLACEHOLDERS = ("data/corpus/none/clips.parquet", "data/target/none/target.json")
"""What the name `none` stands for in the graph: a corpus without clips, and no target."""

DVC_FILES = (".dvc/.gitignore", ".dvc/config")
"""What ``dvc init`` writes into a git repository, with telemetry off. A team's own are kept."""

PLOTS = (".dvc/plots/roc.json",)
"""Templates of the plots that the graph names."""

GRAPH = "dvc.yaml"

PROJECT_FILES = (*IGNORES, *PLACEHOLDERS, *DVC_FILES, *PLOTS, GRAPH, "params.yaml")
"""What a project begins with, by its path in the project."""

_PREFIX = "share/earwitness"


def shipped() -> Path:
    """Return the folder that holds `PROJECT_FILES` and ``docs/``: the tool's repository, or the wheel's data files.

    Raises
    ------
    EarwitnessError
        If the installation lacks them.
    """
    root = Path(__file__).resolve().parents[1]
    if all((root / name).is_file() for name in PROJECT_FILES):
        return root
    from importlib.metadata import distribution

    for file in distribution("earwitness").files or ():
        if file.as_posix().endswith(f"{_PREFIX}/params.yaml"):
            return Path(str(file.locate())).resolve().parent
    raise EarwitnessError(f"{_PREFIX}: missing from this installation: install again (pip install --force-reinstall)")


def is_repository_of_the_tool(folder: Path) -> bool:
    """Whether a folder is the clone that this code runs from."""
    return folder.resolve() == Path(__file__).resolve().parents[1]


def tool_version() -> str:
    """Return the version of the installed package."""
    from importlib.metadata import version

    return version("earwitness")
