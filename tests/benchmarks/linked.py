"""Seconds that many recordings cost before anything is heard: ``python -m tests.benchmarks.linked [files ...]``.

A corpus's folder holds plain files, at which DVC looks, or a link to a folder of files, at which the stage
`environment` looks. Both are measured the first time, and a second time when nothing has changed. Files have 2 kB.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stages.core.store.folders import files_below
from stages.environment.links import linked_files

SIZES, TINY = (10_000,), (30,)
IN_A_FOLDER = 1000
GRAPH = """
stages:
  corpus:
    cmd: echo done > clips
    deps: [raw]
    outs: [clips]
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the files, look at them in both ways, and print the seconds."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.linked")
    parser.add_argument("files", nargs="*", type=int, help=f"default: {SIZES}")
    parser.add_argument("--tiny", action="store_true", help="a few files, and without DVC, to see that it runs")
    asked = parser.parse_args(arguments)
    for count in TINY if asked.tiny else asked.files or SIZES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            make_files(Path("outside"), count)
            _twice(f"{count} linked files", _linked)
            if not asked.tiny:
                _prepare_dvc()
                Path("outside").rename("raw")
                _twice(f"{count} plain files", _repro)


def make_files(folder: Path, count: int) -> None:
    """Write files of 2 kB, a thousand in a folder."""
    for number in range(count):
        inside = folder / f"{number // IN_A_FOLDER:04d}"
        if number % IN_A_FOLDER == 0:
            inside.mkdir(parents=True)
        (inside / f"{number:07d}.flac").write_bytes(number.to_bytes(4, "little") * 500)


def _twice(what: str, look: Callable[[], object]) -> None:
    for when in ("first", "again"):
        start = time.perf_counter()
        look()
        print(f"{what}, {when}, seconds: {time.perf_counter() - start:.1f}", flush=True)


def _linked() -> object:
    return linked_files(Path("outside"), (file.path for file in files_below(Path("outside"))), Path("memory"))


def _prepare_dvc() -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    for command in (["init", "-q"], ["config", "core.analytics", "false"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], check=True)
    Path("dvc.yaml").write_text(GRAPH, encoding="utf-8")


def _repro() -> object:
    return subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], check=True)


if __name__ == "__main__":
    main()
