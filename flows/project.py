"""``earwitness init``: make a project of one's own, so that a team's files do not lie in the tool's repository.

A project is a git and DVC repository with `params.yaml`, the graph, and the placeholders that the graph reads. The
stages run from the installed package.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import yaml

from flows.folder import require_own_modules
from flows.shipped import DVC_FILES, GRAPH, IGNORES, PLACEHOLDERS, PLOTS, shipped, tool_version
from flows.stamp import stamped
from stages.core.errors import EarwitnessError
from stages.core.store.atomic import replacing

ADDED = "# Of earwitness."
"""The comment above the lines that are added to a team's ignore file."""

README = """\
# {name}

Audits of audio language models by earwitness.

```sh
earwitness audit    # bring every stage up to date and print what each audit found
```

`params.yaml` says which recordings and models are audited. Put recordings below `data/raw/<corpus>/`.
Commit what `git status` shows: `git add -A && git commit`.
Store recordings and large files elsewhere too: `dvc remote add -d NAME URL && dvc push`.
Update the tool and this project: `pip install -U earwitness && earwitness init --upgrade`.
Read the documentation: `earwitness --help` names its folder in its last line.
"""


def make_project(folder: Path) -> list[str]:
    """Make a project in a new or empty folder, or in a git repository without a graph.

    Nothing is committed. A repository's own README stays; its ignore files get the lines that they lack. The graph is
    written last, so that the same command can be repeated if it was stopped.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str
        The lines to print.

    Raises
    ------
    EarwitnessError
        If a file of the folder would be overwritten or would hide the tool's packages. Nothing has been written then.
    """
    source = shipped()
    _check(folder, source)
    require_own_modules(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        _init_git(folder)
    for name in () if (folder / ".dvc").exists() else DVC_FILES:
        copy(source / name, folder / name)
    for name in (*PLACEHOLDERS, *PLOTS, "params.yaml"):
        copy(source / name, folder / name)
    add_ignores(folder, source)
    make_folders(folder, source)
    if not (folder / "README.md").exists():
        write(folder / "README.md", README.format(name=folder.resolve().name).encode())
    write(folder / GRAPH, stamped((source / GRAPH).read_text(encoding="utf-8"), tool_version()).encode())
    place = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    outer = [parent for parent in folder.resolve().parents if (parent / ".git").exists()][:1]
    return [
        f"{folder.resolve()}: a project of earwitness {tool_version()}; nothing is committed yet",
        *(
            f"It lies in the git repository {around}: ignore it there, because it is a repository of its own"
            for around in outer
        ),
        f"Next: {place}earwitness audit    (audits the lab that comes with the tool; params.yaml says how to add your "
        "own recordings and models)",
    ]


def copy(source: Path, target: Path) -> bool:
    """Copy a file unless the target has its content already; return whether it was copied."""
    content = source.read_bytes()
    if target.is_file() and target.read_bytes() == content:
        return False
    write(target, content)
    return True


def add_ignores(folder: Path, source: Path) -> dict[str, int]:
    """Add to each ignore file the lines that it lacks; return the number of lines added to each file."""
    added: dict[str, int] = {}
    for name in IGNORES:
        target, shipped_text = folder / name, (source / name).read_text(encoding="utf-8")
        if not target.is_file():
            added[name] = len(_rules(shipped_text))
            write(target, shipped_text.encode())
            continue
        text = target.read_text(encoding="utf-8")
        if missing := [line for line in _rules(shipped_text) if line not in _rules(text)]:
            added[name] = len(missing)
            own = [text.rstrip("\n") + "\n"] if text.strip() else []
            write(target, "\n".join([*own, ADDED, *missing, ""]).encode())
    return added


def make_folders(folder: Path, source: Path) -> list[str]:
    """Make the folders that a stage reads as a whole and that may be empty; return those that were missing.

    A file ``.gitkeep`` makes git keep an empty folder. An existing folder gets none, because a new file in it would
    rerun the stages that read it.
    """
    graph = yaml.safe_load((source / GRAPH).read_text(encoding="utf-8"))["stages"]
    read = {dep for stage in graph.values() for dep in stage.get("do", stage).get("deps", ())}
    whole = {dep for dep in read if len(Path(dep).parts) == 2 and not Path(dep).suffix}  # data/<stage>
    missing = sorted(dep for dep in whole if not (folder / dep).exists())
    for name in missing:
        write(folder / name / ".gitkeep", b"")
    return missing


def _check(folder: Path, source: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise EarwitnessError(f"{folder}: is a file: name a folder")
    if (folder / GRAPH).exists():
        raise EarwitnessError(
            f"{folder / GRAPH}: is there already: update an existing project by earwitness init --upgrade"
        )
    unseen = {line.strip("/") for line in _rules((source / ".gitignore").read_text(encoding="utf-8"))}
    files = sorted(file.name for file in folder.iterdir() if file.name not in unseen) if folder.is_dir() else []
    if files and not (folder / ".git").exists():
        raise EarwitnessError(
            f"{folder}: holds files ({files[0]}) and is not a git repository: name a new folder, or run git init there"
        )
    for name in (*PLACEHOLDERS, "params.yaml"):
        if (folder / name).exists() and (folder / name).read_bytes() != (source / name).read_bytes():
            raise EarwitnessError(
                f"{folder / name}: is there already and would be overwritten: rename it, or name a new folder"
            )


def _init_git(folder: Path) -> None:
    try:
        command = ["git", "init", "--quiet"]  # the git that the user's shell finds
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise EarwitnessError("git: not found: install it, because a project is a git repository") from error
    if done.returncode:
        raise EarwitnessError(f"{folder}: git init: {(done.stderr.splitlines() or ['failed'])[0]}")


def _rules(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
