"""Print the seconds per stage of the graph's last run (``make bench``). Without a last run, run the graph first."""

from __future__ import annotations

from typing import TypedDict

from stages.core.store.jsonfile import read_json


class StageTime(TypedDict):
    """Seconds of a stage's last run (None if it never ran), and whether it was cached in the graph's last run."""

    seconds: float | None
    cached: bool


class RunTimes(TypedDict):
    """Seconds of the graph's last run, and of each stage."""

    seconds: float
    stages: dict[str, StageTime]


def main() -> None:
    """Print the table."""
    from flows.audit import TIMINGS

    if not TIMINGS.is_file():
        from flows.command_line import main as earwitness

        earwitness(["audit"])
    print(as_text(read_json(TIMINGS)))


def as_text(timings: RunTimes) -> str:
    """Return a line for each stage with the seconds of its last run, the slowest stage first.

    Parameters
    ----------
    timings : RunTimes
        The content of the file that the flow writes.
    """
    stages = sorted(timings["stages"].items(), key=lambda item: (-(item[1]["seconds"] or 0.0), item[0]))
    lines = [f"{name:<34} {_seconds(stage)}" for name, stage in stages]
    cached = sum(stage["cached"] for _, stage in stages)
    last = f"last run of the graph: {timings['seconds']:.1f} s, {cached} of {len(stages)} stages cached"
    return "\n".join([*lines, "", last])


def _seconds(stage: StageTime) -> str:
    shown = "      -  " if stage["seconds"] is None else f"{stage['seconds']:7.1f} s"
    return f"{shown}  cached in the last run" if stage["cached"] else shown


if __name__ == "__main__":
    main()
