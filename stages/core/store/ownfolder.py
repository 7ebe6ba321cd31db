"""Folders for what a process needs only while it runs."""

from __future__ import annotations

import atexit
import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import TextIO


def own_folder(parent: Path) -> Path:
    """Return a new folder in `parent`, removed when this process ends.

    Those of processes that were killed are removed first. They are told by a lock, which the system releases.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / ".lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        for lock in parent.glob("*/.lock"):
            _remove_if_free(lock)
        folder = Path(tempfile.mkdtemp(dir=parent))
        held = (folder / ".lock").open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
    atexit.register(_remove, folder, held)
    return folder


def _remove_if_free(lock: Path) -> None:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(lock.parent, ignore_errors=True)


def _remove(folder: Path, held: TextIO) -> None:
    held.close()
    shutil.rmtree(folder, ignore_errors=True)
