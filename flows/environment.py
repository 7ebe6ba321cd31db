"""Environment variables of the flow and of its processes. Imports little, because every command imports this module."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from stages.core.run.telemetry import TELEMETRY_OFF

PREFECT = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",  # the default of 20 fails on a loaded machine
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # a failed stage's own line is the message; Prefect's would repeat it
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # 'database is locked' is noise of the embedded database
    "PREFECT_CLI_COLORS": "false",
}


def prepare_prefect() -> None:
    """Set the variables that Prefect reads once, at import. Prefect variables that the user has set stay.

    If the user names neither a server (``PREFECT_API_URL``) nor a home (``PREFECT_HOME``), Prefect's database lies in
    ``.cache/prefect`` of the working directory and nowhere else.
    """
    os.environ.update(TELEMETRY_OFF)
    for name, value in PREFECT.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        home = Path(os.environ.setdefault("PREFECT_HOME", str(Path(".cache/prefect").absolute())))
        if Path("dvc.yaml").is_file():  # outside a project the command must leave no folder behind
            home.mkdir(parents=True, exist_ok=True)  # Prefect creates only the last folder of the path


def log_prefect() -> None:
    """Show Prefect's log (``earwitness audit --verbose``)."""
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    os.environ["PREFECT_SERVER_LOGGING_LEVEL"] = "WARNING"


def process_environment(*, fresh: bool = False, workers: int | None = None) -> dict[str, str]:
    """Return the environment variables of a stage's process, which may start `workers` workers.

    DVC runs a stage's command through a shell, and this shell must find the ``python`` of this environment. So its
    folder comes first in ``PATH``, and the shell is one that reads no start-up file, which could change ``PATH``.
    """
    environment = {**os.environ, **TELEMETRY_OFF}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    environment["SHELL"] = "/bin/sh"
    # Several stages run at once: a thread that spins while it waits would take a core from another stage.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if fresh:
        environment["EARWITNESS_FRESH"] = "1"
    if workers:
        environment["EARWITNESS_WORKERS"] = str(workers)
    return environment
