"""What DVC keeps of outputs outside the workspace: objects of its cache, and records of runs.

DVC's cache is read as files, because no command removes single objects: ``dvc gc`` would remove everything that the
present workspace does not use, also of other branches and corpora.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from flows.graph import ask_dvc
from stages.core.store.jsonfile import write_text

LOCK = Path("dvc.lock")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DvcObjects:
    """The local cache of the project in the working directory."""

    def __init__(self) -> None:
        self.cache = Path(ask_dvc("cache", "dir").strip())

    def of(self, erased: Callable[[str], bool]) -> list[str]:
        """Return the hashes of all cached versions of outputs that no other output of ``dvc.lock`` has.

        Versions are known from ``dvc.lock``, from all of its versions in git, and from DVC's records of runs. There
        they are outputs, or inputs of a later stage: DVC keeps no record of a run of the stage `corpus`.

        Parameters
        ----------
        erased : callable
            Whether the file at a path, relative to the project, is erased.
        """
        now = LOCK.read_text(encoding="utf-8") if LOCK.is_file() else ""
        outs = [out for stage in _stages(now) for out in _hashed(stage, "outs")]
        used = {found for path, found in self._files(outs) if not erased(path)}
        stages = [stage for text in (now, *_locks_in_git()) for stage in _stages(text)]
        stages += [yaml.load(record.read_text(encoding="utf-8"), _Loader) for record in self._runs()]  # noqa: S506
        ever = [file for stage in stages for file in (*_hashed(stage, "outs"), *_hashed(stage, "deps"))]
        gone = {found for path, found in self._files(dict.fromkeys(ever)) if erased(path)}
        return sorted(found for found in gone - used if self._place(found).is_file())

    def remove(self, hashes: list[str]) -> None:
        """Remove objects, the records of runs that made them, and DVC's index of the project, which names files."""
        for found in hashes:
            self._place(found).unlink(missing_ok=True)
        for record in self._runs():
            if any(found in record.read_text(encoding="utf-8") for found in hashes):
                record.unlink()
                if not any(record.parent.iterdir()):
                    record.parent.rmdir()  # DVC fails on a folder without a record
        index = re.search(r"^\s*Repo\.site_cache_dir: (.+)$", ask_dvc("doctor"), re.MULTILINE)
        if index and Path(index[1]).parent.name == "repo":
            shutil.rmtree(index[1], ignore_errors=True)

    def _place(self, found: str) -> Path:
        return self.cache / "files/md5" / found[:2] / found[2:]

    def _runs(self) -> list[Path]:
        return [path for path in sorted(self.cache.glob("runs/*/*/*")) if path.is_file()]

    def _files(self, outs: Any) -> Iterator[tuple[str, str]]:
        """Yield path and hash of each output; of a folder, also those of the files in it."""
        for path, found in outs:
            yield path, found
            if found.endswith(".dir") and self._place(found).is_file():
                for file in json.loads(self._place(found).read_text(encoding="utf-8")):
                    yield f"{path}/{file['relpath']}", file["md5"]


def _hashed(stage: Any, kind: str) -> list[tuple[str, str]]:
    return [(file["path"], file["md5"]) for file in stage.get(kind, ()) if file.get("md5")]


def _stages(lock: str) -> list[Any]:
    return list((yaml.load(lock, _Loader) or {}).get("stages", {}).values())  # noqa: S506 - a safe loader


def _locks_in_git() -> Iterator[str]:
    """Yield each version of ``dvc.lock`` in the history of all branches."""
    for commit in _git("log", "--all", "--format=%H", "--", str(LOCK)).split():
        yield _git("show", f"{commit}:./{LOCK}")


def _git(*arguments: str) -> str:
    """Return what git prints; blank if it fails, as without a commit or for a commit that deleted the file."""
    # S603: the command is git's, and its arguments are fixed words and commits that it printed itself.
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout if done.returncode == 0 else ""


def drop_from_lock(erased: Callable[[str], bool]) -> None:
    """Remove from ``dvc.lock`` the stages whose outputs are erased, and leave every other line as it is."""
    if not LOCK.is_file():
        return
    text = LOCK.read_text(encoding="utf-8")
    stages = (yaml.load(text, _Loader) or {}).get("stages", {})  # noqa: S506 - a safe loader
    dropped = {name for name, stage in stages.items() if any(erased(out["path"]) for out in stage.get("outs", ()))}
    kept, skipping = [], False
    for line in text.splitlines(keepends=True):
        if key := re.match(r"  (\S+):\n", line):
            skipping = key[1] in dropped
        elif not line.startswith("  "):
            skipping = False
        if not skipping:
            kept.append(line)
    write_text(LOCK, "".join(kept))
