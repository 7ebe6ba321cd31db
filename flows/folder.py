"""Check the folder that the command runs in: it must be a clone of the tool, or a project of one's own."""

from __future__ import annotations

from pathlib import Path

import stages
from flows.shipped import GRAPH, is_repository_of_the_tool, shipped, tool_version
from flows.stamp import read_stamp
from stages.core.errors import EarwitnessError


def check_folder(folder: Path) -> None:
    """Check that audits can run in a folder: it is a git repository, and its graph fits the code that will run.

    Raises
    ------
    EarwitnessError
        If it is no git repository, hides the tool's packages, or has the graph of another version.
    """
    if not (folder / ".git").exists():
        raise EarwitnessError(
            "this folder is not a git repository, and DVC needs one: go to your project or to a clone of the tool, or "
            "make a project: earwitness init FOLDER"
        )
    require_own_modules(folder)
    if not is_repository_of_the_tool(folder):
        _require_current_graph(folder / GRAPH)


def require_own_modules(folder: Path) -> None:
    """Check that a folder holds nothing that ``python -m stages.<stage>`` would import in place of the tool's packages.

    Raises
    ------
    EarwitnessError
        Naming the file or folder that would be imported.
    """
    home = Path(stages.__file__).resolve().parents[1]
    for name in ("stages", "flows"):
        for found in (folder / name, folder / f"{name}.py"):
            if found.exists() and found.resolve().parent != home:
                raise EarwitnessError(f"{found}: hides the tool's own package {name!r} from Python: rename it")


def _require_current_graph(graph: Path) -> None:
    """Check that a graph which nobody has edited is that of the installed version."""
    stamp = read_stamp(graph.read_text(encoding="utf-8")) if graph.is_file() else None
    if stamp is None or stamp.edited or stamp.version == tool_version():
        return
    if stamp.content != (shipped() / GRAPH).read_text(encoding="utf-8"):
        raise EarwitnessError(
            f"{graph}: was written by earwitness {stamp.version}, but {tool_version()} is installed: "
            "run earwitness init --upgrade"
        )
