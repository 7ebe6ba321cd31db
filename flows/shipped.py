"""Files of the tool that are not code: the files of a new project, and the docs.

In the tool's own repository they lie at its root, and there is no other copy. A wheel carries them as data files
(`pyproject.toml: tool.setuptools.data-files`).
"""

from __future__ import annotations

from pathlib import Path

from stages.core.errors import EarwitnessError

IGNORES = (".gitignore", ".dvcignore", "data/.gitignore")
"""Ignore files, to which a team may add lines."""

PLACEHOLDERS = ("data/corpus/none/clips.parquet", "data/target/none/target.json")
"""Files that the graph reads where `params.yaml` says `none`: a corpus without clips, and a target without a model."""

DVC_FILES = (".dvc/.gitignore", ".dvc/config")
"""The files that ``dvc init`` writes, with telemetry off. Files that a team has already are kept."""

PLOTS = (".dvc/plots/roc.json",)
"""Templates of the plots that the graph names."""

GRAPH = "dvc.yaml"

PROJECT_FILES = (*IGNORES, *PLACEHOLDERS, *DVC_FILES, *PLOTS, GRAPH, "params.yaml")
"""The files of a new project, by their paths in it."""

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
    raise EarwitnessError(
        f"{_PREFIX}: missing from this installation: install earwitness again (pip install --force-reinstall)"
    )


def is_repository_of_the_tool(folder: Path) -> bool:
    """Return whether a folder is the clone that this code runs from."""
    return folder.resolve() == Path(__file__).resolve().parents[1]


def tool_version() -> str:
    """Return the version of the installed package."""
    from importlib.metadata import version

    return version("earwitness")
