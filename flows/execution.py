"""Run one stage as a DVC process of its own: its output to a log, its progress to the terminal, its error as a line."""

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
    """What became of a stage.

    Attributes
    ----------
    kind : {"ran", "cached", "failed"}
    seconds : float
        Wall time of its process; 0.0 where none was started.
    message : str
        The error of a failed stage, in one line.
    """

    kind: Literal["ran", "cached", "failed"]
    seconds: float = 0.0
    message: str = ""


def reproduce(stage: str, *, fresh: bool, workers: int, progress: Say, say: Say) -> StageOutcome:
    """Bring one stage up to date, its inputs being so.

    Parameters
    ----------
    stage : str
        As in DVC's graph.
    fresh : bool
        Run it although nothing changed, and without the rows of earlier runs.
    workers : int
        How many workers it may start; changes no number.
    progress : callable
        Takes what the stage draws over its last line: a progress bar's latest state.
    say : callable
        Takes a line that stays: once, that another process is waited for.

    Notes
    -----
    DVC's global lock is waited for by DVC; the locks of single files, which another process of DVC may hold, are not:
    it says 'is busy' and ends. Such a run is repeated until the other has finished.
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
    # The command is DVC's and the stage's name comes from DVC's own graph.
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
    """Yield what a process writes as soon as it does: a progress bar has no ends of lines to wait for."""
    while chunk := os.read(pipe.fileno(), 65536):
        yield chunk


def _outcome(stage: str, status: int, text: str, log: Path, seconds: float) -> StageOutcome:
    if status:
        return StageOutcome("failed", seconds, error_line(stage, text, log))
    # 'didn't change, skipping', or 'is cached - skipping run' where DVC took an earlier run's outputs.
    skipped = re.search(rf"^Stage '{re.escape(stage)}' .*skipping", text, re.MULTILINE)
    return StageOutcome("cached" if skipped else "ran", seconds)


def error_line(stage: str, text: str, log: Path) -> str:
    """Return a failed stage's own line for people, or where there is none, the last that it said and its log."""
    lines = [line for line in text.replace("\r", "\n").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("earwitness: ")]
    if own:
        return own[-1]
    if killed := re.search(r"exited with -(\d+)", text):
        return f"earwitness: {stage}: killed by signal {killed[1]}: the same command again goes on from where it was"
    words = [line for line in lines if not line.startswith(("ERROR: ", "> ")) and not _PROGRESS.search(line)]
    said = words or lines or ["no output"]
    return f"earwitness: {stage}: failed unexpectedly: {said[-1].strip()} (see {log})"
