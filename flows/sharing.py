"""``earwitness push``: copy sounds of people to a DVC remote, because somebody asked for it.

`dvc.yaml` says ``push: false`` of every output that holds sounds, so ``dvc push`` leaves them out. DVC takes no such
value from `params.yaml`, and no option overrides it. So they are pushed from a folder beside the project's own files,
whose graph lacks these lines and whose cache is the project's. ``dvc pull`` needs nothing of the kind.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path

import yaml

from flows.dvc_objects import LOCK
from flows.environment import process_environment
from flows.folder import check_folder
from flows.graph import DVC, ask_dvc
from flows.shipped import GRAPH
from stages.core.config.nouns import Params
from stages.core.config.params import PARAMS, load_params
from stages.core.errors import EarwitnessError
from stages.core.run.stage import require_declared, stage_lock
from stages.core.store.ownfolder import own_folder

CONFIG = (".dvc/config", ".dvc/config.local")
KEPT_HERE = re.compile(r"^( *- )(\S+):\n +push: false.*\n", re.MULTILINE)


def push_sounds(corpora: Sequence[str], remote: str = "") -> list[str]:
    """Push the outputs of corpora that ``dvc push`` leaves out.

    Parameters
    ----------
    corpora : sequence of str
    remote : str
        A name of ``dvc remote list``; blank for the default.

    Returns
    -------
    list of str
        The lines to print.

    Raises
    ------
    EarwitnessError
        If a corpus is not declared or has not been made yet, or DVC fails.
    """
    check_folder(Path())
    params = load_params(Params)
    for corpus in corpora:
        require_declared(dict(params.corpora), "corpora", corpus)
    outs = [out for corpus in corpora for out in sound_outs(corpus)]
    if absent := [out for out in outs if not Path(out).exists()]:
        raise EarwitnessError(f"{absent[0]}: is not there: run earwitness audit first, or dvc pull")
    with stage_lock("audit", ""):
        folder = own_folder(Path(".cache/push"))
        _mirror(folder)
        _push(folder, outs, remote)
    return [f"pushed: {out}" for out in outs]


def sound_outs(corpus: str) -> list[str]:
    """Return the outputs of a corpus's stages that hold sounds: those of ``push: false`` in `dvc.yaml`."""
    stages = yaml.safe_load(Path(GRAPH).read_text(encoding="utf-8"))["stages"]
    outs = [
        out
        for stage in stages.values()
        if stage.get("foreach") == "${corpora}"
        for out in stage["do"].get("outs", ())
        if isinstance(out, dict)
    ]
    return [path.replace("${key}", corpus) for out in outs for path, keys in out.items() if keys.get("push") is False]


def _mirror(folder: Path) -> None:
    """Make a folder in which DVC sees the project's graph, lock, cache and remotes, and may push everything."""
    graph = Path(GRAPH).read_text(encoding="utf-8")
    (folder / GRAPH).write_text(KEPT_HERE.sub(r"\1\2\n", graph), encoding="utf-8")
    for name in (LOCK, PARAMS):
        shutil.copy(name, folder / name)
    (folder / CONFIG[0]).parent.mkdir()
    local = ConfigParser(interpolation=None)
    for config in CONFIG:
        read = ConfigParser(interpolation=None)
        read.read(config, encoding="utf-8")
        for section in (read[section] for section in read.sections()):
            if "url" in section and "://" not in section["url"]:
                section["url"] = os.path.abspath(Path(".dvc", section["url"]))  # DVC reads it relative to its folder
        local.read_dict(read)
    local.read_dict({"core": {"no_scm": "true"}, "cache": {"dir": ask_dvc("cache", "dir").strip()}})
    with (folder / CONFIG[0]).open("w", encoding="utf-8") as file:
        local.write(file)


def _push(folder: Path, outs: Sequence[str], remote: str) -> None:
    _dvc(folder, "push", *(["--remote", remote] if remote else []), *outs)


def _dvc(folder: Path, *arguments: str) -> None:
    # S603: the command is DVC's; its arguments are paths and names of remotes.
    done = subprocess.run(  # noqa: S603
        [*DVC, *arguments], cwd=folder, capture_output=True, text=True, env=process_environment(), check=False
    )
    if done.returncode:
        lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise EarwitnessError(f"dvc {arguments[0]}: {lines[0] if lines else 'failed'}")
