"""A process's folder is there as long as the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
MAKE = "import os; from pathlib import Path; from stages.core.store.ownfolder import own_folder"


def made_by(program: str, parent: Path) -> Path:
    """Return the folder that a process made before it ended."""
    line = f"{MAKE}; print(own_folder(Path({parent.as_posix()!r})), flush=True); {program}"
    ended = subprocess.run([sys.executable, "-c", line], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    return Path(ended.stdout.decode().strip())


def test_the_folder_ends_with_its_process_even_if_that_was_killed(tmp_path: Path) -> None:
    assert not made_by("pass", tmp_path).exists()
    killed = made_by("os.kill(os.getpid(), 9)", tmp_path)
    assert killed.parent == tmp_path
    assert killed.is_dir()
    made_by("pass", tmp_path)
    assert not killed.exists()


def test_a_folder_of_a_running_process_stays(tmp_path: Path) -> None:
    line = f"{MAKE}; print(own_folder(Path({tmp_path.as_posix()!r})), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", line], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        folder = Path(running.stdout.readline().strip())
        assert made_by("pass", tmp_path) != folder
        assert folder.is_dir()
        running.communicate("\n")
    assert not folder.exists()
