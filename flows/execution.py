"""Run one stage as a DVC process: output goes to a log, progress to the terminal, and its error becomes one line."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from flows.environment import process_environment
from flows.graph import DVC

LOGS = Path(".cache/log")
SECONDS_BETWEEN_TRIES = 1.0

_PROGRESS = re.compile(r"\d%\|.*\|")

Say = Callable[[str], None]


@dataclass(frozen=True)
class StageOutcome:
    """The outcome of one stage in a run of the graph.

    Attributes
    ----------
    kind : {"ran", "cached", "failed"}
    seconds : float
        Wall time of its process; 0.0 if no process was started.
    message : str
        The error of a failed stage, in one line; else empty.
    """

    kind: Literal["ran", "cached", "failed"]
    seconds: float = 0.0
    message: str = ""


def reproduce(stage: str, *, fresh: bool, workers: int, progress: Say, say: Say) -> StageOutcome:
    """Bring one stage up to date. Its inputs must be up to date already.

    Parameters
    ----------
    stage : str
        The stage's name in DVC's graph.
    fresh : bool
        Run it even if nothing changed, without the rows of earlier runs.
    workers : int
        How many workers it may start. No result depends on it.
    progress : callable
        Called with the latest state of the stage's progress bar.
    say : callable
        Called once, with a line for the terminal, if the stage waits for another process of DVC.

    Notes
    -----
    DVC waits for its global lock. It does not wait for the locks of single files: if another process of DVC holds one,
    DVC prints 'is busy' and ends. This function then repeats the run until the other process has finished.
    """
    command = [*DVC, "--wait-for-lock", "repro", "--single-item", *(["--force"] if fresh else []), stage]
    log = LOGS / f"{stage}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    waiting = False
    while True:
        status = _run(command, log, process_environment(fresh=fresh, workers=workers), progress)
        text = log.read_text(encoding="utf-8", errors="replace")
        if status == 0 or " is busy, " not in text:
            return _outcome(stage, status, text, log, time.monotonic() - start)
        if not waiting:
            say(f"{stage}: another process of DVC uses its files; waiting")
            waiting = True
        time.sleep(SECONDS_BETWEEN_TRIES)


def _run(command: list[str], log: Path, environment: dict[str, str], progress: Say) -> int:
    # S603: the command is DVC's, and the stage's name comes from DVC's graph.
    with (
        log.open("wb") as file,
        subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        for chunk in _chunks(process.stdout):
            file.write(chunk)
            file.flush()
            drawn = chunk.decode(errors="replace").rpartition("\r")[2].strip()
            if b"\r" in chunk and drawn:
                progress(drawn)
    return process.returncode


def _chunks(pipe: IO[bytes]) -> Iterator[bytes]:
    """Yield what a process writes, without waiting for the end of a line, because a progress bar writes none."""
    while chunk := os.read(pipe.fileno(), 65536):
        yield chunk


def _outcome(stage: str, status: int, text: str, log: Path, seconds: float) -> StageOutcome:
    if status:
        return StageOutcome("failed", seconds, error_line(stage, text, log))
    # DVC prints 'didn't change, skipping', or 'is cached - skipping run' if it took the outputs of an earlier run.
    skipped = re.search(rf"^Stage '{re.escape(stage)}' .*skipping", text, re.MULTILINE)
    return StageOutcome("cached" if skipped else "ran", seconds)


def error_line(stage: str, text: str, log: Path) -> str:
    """Return the error that a failed stage printed; else the last line of its output, and the path of its log."""
    lines = [line for line in text.replace("\r", "\n").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("earwitness: ")]
    if own:
        return own[-1]
    if killed := re.search(r"exited with -(\d+)", text):
        return f"earwitness: {stage}: killed by signal {killed[1]}: run the same command again to continue"
    words = [line for line in lines if not line.startswith(("ERROR: ", "> ")) and not _PROGRESS.search(line)]
    said = words or lines or ["no output"]
    return f"earwitness: {stage}: failed unexpectedly: {said[-1].strip()} (see {log})"
