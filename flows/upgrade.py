"""``earwitness init --upgrade``: update the graph and the placeholders of a project to the installed version."""

from __future__ import annotations

from pathlib import Path

from flows.folder import require_own_modules
from flows.preflight import check_params
from flows.project import add_ignores, copy, make_folders, write
from flows.shipped import GRAPH, PLACEHOLDERS, PLOTS, is_repository_of_the_tool, shipped, tool_version
from flows.stamp import Stamp, read_stamp, stamped
from stages.core.errors import EarwitnessError


def upgrade_project(folder: Path, *, force: bool = False) -> list[str]:
    """Update a project's graph and placeholders to the installed version.

    `params.yaml`, recordings, the lock and all results stay as they are.

    Parameters
    ----------
    folder : Path
    force : bool
        Replace the graph even if it was edited by hand.

    Returns
    -------
    list of str
        A line for each change, and one if `params.yaml` does not fit the installed version.

    Raises
    ------
    EarwitnessError
        If the folder is no project, or its graph was edited by hand. Nothing has been written then.
    """
    graph, source = folder / GRAPH, shipped()
    if not graph.is_file() or not (folder / "params.yaml").is_file():
        raise EarwitnessError(f"{folder}: is no project: make one by 'earwitness init {folder}'")
    if is_repository_of_the_tool(folder):
        raise EarwitnessError(f"{folder}: is the tool's own repository: update it by 'git pull'")
    text = graph.read_text(encoding="utf-8")
    stamp = read_stamp(text)
    if (stamp is None or stamp.edited) and not force:
        raise EarwitnessError(
            f"{graph}: was edited by hand: move your stages to a dvc.yaml in another folder, then replace this file "
            "by earwitness init --upgrade --force"
        )
    require_own_modules(folder)
    changed = _renew(graph, text, stamp, source)
    changed += [f"{name}: renewed" for name in (*PLACEHOLDERS, *PLOTS) if copy(source / name, folder / name)]
    changed += [f"{name}: {count} lines added" for name, count in add_ignores(folder, source).items()]
    changed += [f"{name}: new, empty" for name in make_folders(folder, source)]
    return [*(changed or [f"nothing to change: the project fits earwitness {tool_version()}"]), *_misfit(folder)]


def _renew(graph: Path, text: str, stamp: Stamp | None, source: Path) -> list[str]:
    renewed = stamped((source / GRAPH).read_text(encoding="utf-8"), tool_version())
    if renewed == text:
        return []
    write(graph, renewed.encode())
    before = f"earwitness {stamp.version}" if stamp else "an unknown version"
    return [f"{GRAPH}: updated from {before} to earwitness {tool_version()}"]


def _misfit(folder: Path) -> list[str]:
    """Return the error of the installed version's check of the params, if any. Only the team may change the params."""
    try:
        check_params(folder / "params.yaml")
    except EarwitnessError as error:
        return [f"for you to correct: {error} (example of the new version: {shipped() / 'params.yaml'})"]
    return []
