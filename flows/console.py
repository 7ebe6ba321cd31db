"""What a running audit shows: a line for each stage that ran, and on a terminal its progress below them."""

from __future__ import annotations

import shutil
import sys
from threading import Lock

from flows.execution import StageOutcome

_CLEAR = "\r\x1b[K"


class Console:
    """Lines on standard error, from several threads."""

    def __init__(self) -> None:
        self._interactive = sys.stderr.isatty()
        self._lock = Lock()

    def draw(self, line: str) -> None:
        """Show a progress bar's latest state in place of the one before; nothing where nobody watches."""
        if self._interactive:
            self._write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])

    def finished(self, stage: str, outcome: StageOutcome) -> None:
        """Say that a stage has run or failed; a cached one is not worth a line."""
        if outcome.kind != "cached":
            self.say(f"{stage:<34} {outcome.kind:<6} {outcome.seconds:6.1f} s")

    def say(self, line: str) -> None:
        """Show a line that stays, in place of the progress bar."""
        self._write((_CLEAR if self._interactive else "") + line + "\n")

    def _write(self, text: str) -> None:
        with self._lock:
            sys.stderr.write(text)
            sys.stderr.flush()
