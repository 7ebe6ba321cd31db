"""Audit on a schedule: ``python -m flows.schedule --cron '0 3 * * *'``.

The process keeps running and starts the flow at each time, in the folder in which it was started. A Prefect server
that the user runs, and that ``PREFECT_API_URL`` names, keeps the schedule, the runs and the verdicts. The server that
Prefect embeds for a single run has no scheduler.
"""

from __future__ import annotations

import argparse
import os
import sys

from flows.environment import log_prefect

NO_SERVER = (
    "earwitness: PREFECT_API_URL is not set: a schedule needs a Prefect server that keeps running: start one "
    "(prefect server start) and set PREFECT_API_URL=http://127.0.0.1:4200/api"
)


def main() -> None:
    """Serve the audit flow; exit with 2 if no server is named."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.schedule",
        description="Runs the audits of this folder at fixed times, until it is stopped. "
        "PREFECT_API_URL must name a Prefect server that keeps running.",
    )
    parser.add_argument(
        "--cron", default="0 3 * * *", help="the times, in cron's notation (default: 0 3 * * *, every night at 3)"
    )
    parser.add_argument(
        "audits", nargs="*", metavar="AUDIT", help="run only these audits of params.yaml (default: all)"
    )
    options = parser.parse_args()
    if "PREFECT_API_URL" not in os.environ:
        print(NO_SERVER, file=sys.stderr)
        raise SystemExit(2)
    log_prefect()
    from flows.audit import audit

    audit.serve(name="earwitness", cron=options.cron, parameters={"audits": options.audits or None, "fresh": False})


if __name__ == "__main__":
    main()
