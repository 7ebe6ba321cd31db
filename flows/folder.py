"""What the folder must be that the command runs in: the tool's clone, or a project of one's own."""

from __future__ import annotations

from pathlib import Path

import stages
from flows.shipped import GRAPH, is_repository_of_the_tool, shipped, tool_version
from flows.stamp import read_stamp
from stages.core.errors import EarwitnessError


def check_folder(folder: Path) -> None:
    """Check that a folder can be audited in: a git repository whose graph fits the code that will run.

    Raises
    ------
    EarwitnessError
        Saying what is missing or in the way.
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
    """Check that nothing in a folder hides the tool's own packages from ``python -m stages.<stage>``, run there.

    Raises
    ------
    EarwitnessError
        Naming what does.
    """
    home = Path(stages.__file__).resolve().parents[1]
    for name in ("stages", "flows"):
        for found in (folder / name, folder / f"{name}.py"):
            if found.exists() and found.resolve().parent != home:
                raise EarwitnessError(f"{found}: hides the tool's own package {name!r} from Python: rename it")


def _require_current_graph(graph: Path) -> None:
    """Check a graph that another version of the tool wrote, and nobody edited, against the installed version's."""
    stamp = read_stamp(graph.read_text(encoding="utf-8")) if graph.is_file() else None
    if stamp is None or stamp.edited or stamp.version == tool_version():
        return
    if stamp.content != (shipped() / GRAPH).read_text(encoding="utf-8"):
        raise EarwitnessError(
            f"{graph}: is of earwitness {stamp.version}, installed is {tool_version()}: run earwitness init --upgrade"
        )
