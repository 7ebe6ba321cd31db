"""What a running audit prints: a line for each stage that has run and, on a terminal, a progress bar below them."""

from __future__ import annotations

import shutil
import sys
from threading import Lock

from flows.execution import StageOutcome

_CLEAR = "\r\x1b[K"


class Console:
    """Print lines to standard error; several threads may call it at once."""

    def __init__(self) -> None:
        self._interactive = sys.stderr.isatty()
        self._lock = Lock()

    def draw(self, line: str) -> None:
        """Replace the progress bar by its latest state. Without a terminal, print nothing."""
        if self._interactive:
            self._write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])

    def finished(self, stage: str, outcome: StageOutcome) -> None:
        """Print a line for a stage that has run or failed. A cached stage gets no line."""
        if outcome.kind != "cached":
            self.say(f"{stage:<34} {outcome.kind:<6} {outcome.seconds:6.1f} s")

    def say(self, line: str) -> None:
        """Print a line that stays on the screen, in place of the progress bar."""
        self._write((_CLEAR if self._interactive else "") + line + "\n")

    def _write(self, text: str) -> None:
        with self._lock:
            sys.stderr.write(text)
            sys.stderr.flush()
