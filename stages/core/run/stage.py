"""Run a stage: arguments, params, lock, and errors in one line.

Every ``stages/<stage>/__main__.py`` hands a function to `run_stage`. If DVC is killed, the stage that it had
started goes on, and a rerun would work beside it. The lock makes the rerun wait.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

from stages.core.config.params import PARAMS, StageParams, load_params
from stages.core.errors import EarwitnessError
from stages.core.run.discovery import params_check

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_stage(
    stage: str,
    work: Callable[[str, StageParams], None],
    model: type[StageParams],
    item: str | None = None,
) -> None:
    """Run one stage from the command line and exit: 0 when done, 2 on an error that a person can put right.

    Parameters
    ----------
    stage : str
        The stage's name in `dvc.yaml`.
    work : callable
        Takes the item's name (empty for a stage without items) and the params; reads and writes artifacts.
    model : type of Params
        What the stage reads of `params.yaml`.
    item : str, optional
        The kind of thing that the stage runs for, which is also the option: "corpus" gives ``--corpus NAME``.
    """
    parser = argparse.ArgumentParser(prog=f"python -m stages.{stage}")
    if item:
        parser.add_argument(f"--{item}", required=True, dest="name", metavar="NAME")
    name = vars(parser.parse_args()).get("name", "")
    _limit_threads()
    try:
        params = load_params(model)
        if check := params_check(stage):
            check(params, PARAMS)
        with stage_lock(stage, name):
            work(name, params)
    except EarwitnessError as error:
        print(f"earwitness: {_label(stage, name)}: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _limit_threads() -> None:
    """Let each numeric library use one thread: the order of a sum, and so its last digits, depends on their number.

    Libraries that are loaded by now are limited directly, those that follow by the environment.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))
    threadpool_limits(1)


def _label(stage: str, name: str) -> str:
    return f"{stage}@{name}" if name else stage


@contextmanager
def stage_lock(stage: str, name: str, folder: Path = Path(".cache/locks")) -> Iterator[None]:
    """Hold the lock of ``<stage>@<name>``; wait, and say so, while another process holds it.

    The lock belongs to the process and is released by the system when it ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    label = _label(stage, name)
    with (folder / label).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{label}: another process is at it; waiting", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def held_locks(folder: Path = Path(".cache/locks")) -> list[str]:
    """Return the labels of stages, and of ``audit``, that a process works at now."""
    held = []
    for path in sorted(folder.glob("*")):
        with path.open("r") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(path.name)
    return held


def require_declared(params_section: Mapping[str, object], section: str, name: str) -> None:
    """Check that `name` is declared in a section of `params.yaml`."""
    if name not in params_section:
        known = ", ".join(sorted(params_section)) or "nothing yet"
        raise EarwitnessError(f"params.yaml: {section}: {name!r} is not declared (there is {known}): add it")
