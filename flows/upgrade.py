"""``earwitness init --upgrade``: the graph and the placeholders of a project as the installed version has them."""

from __future__ import annotations

from pathlib import Path

from flows.folder import require_own_modules
from flows.preflight import check_params
from flows.project import add_ignores, copy, make_folders, write
from flows.shipped import GRAPH, PLACEHOLDERS, PLOTS, is_repository_of_the_tool, shipped, tool_version
from flows.stamp import Stamp, read_stamp, stamped
from stages.core.errors import EarwitnessError


def upgrade_project(folder: Path, *, force: bool = False) -> list[str]:
    """Bring a project's graph and placeholders up to the installed version.

    `params.yaml`, recordings, the lock and all results stay as they are.

    Parameters
    ----------
    folder : Path
    force : bool
        Replace a graph that was edited by hand as well.

    Returns
    -------
    list of str
        What changed, and what of `params.yaml` does not fit the installed version, a line each.

    Raises
    ------
    EarwitnessError
        If it is no project, or its graph was edited by hand. Nothing has been written then.
    """
    graph, source = folder / GRAPH, shipped()
    if not graph.is_file() or not (folder / "params.yaml").is_file():
        raise EarwitnessError(f"{folder}: is no project: make one by 'earwitness init {folder}'")
    if is_repository_of_the_tool(folder):
        raise EarwitnessError(f"{folder}: is the tool's own repository: 'git pull' brings it up to date")
    text = graph.read_text(encoding="utf-8")
    stamp = read_stamp(text)
    if (stamp is None or stamp.edited) and not force:
        raise EarwitnessError(
            f"{graph}: was edited by hand: move your stages to a dvc.yaml in another folder, then replace this one by "
            "earwitness init --upgrade --force"
        )
    require_own_modules(folder)
    changed = _renew(graph, text, stamp, source)
    changed += [f"{name}: renewed" for name in (*PLACEHOLDERS, *PLOTS) if copy(source / name, folder / name)]
    changed += [f"{name}: {count} lines added" for name, count in add_ignores(folder, source).items()]
    changed += [f"{name}: made, empty" for name in make_folders(folder, source)]
    return [*(changed or [f"nothing to change: the project is of earwitness {tool_version()}"]), *_misfit(folder)]


def _renew(graph: Path, text: str, stamp: Stamp | None, source: Path) -> list[str]:
    renewed = stamped((source / GRAPH).read_text(encoding="utf-8"), tool_version())
    if renewed == text:
        return []
    write(graph, renewed.encode())
    before = f"earwitness {stamp.version}" if stamp else "unknown origin"
    return [f"{GRAPH}: was of {before}, is now of earwitness {tool_version()}"]


def _misfit(folder: Path) -> list[str]:
    """Return what the installed version does not take of the params, which are the team's to change."""
    try:
        check_params(folder / "params.yaml")
    except EarwitnessError as error:
        return [f"yours to change: {error} (the new version's own: {shipped() / 'params.yaml'})"]
    return []
