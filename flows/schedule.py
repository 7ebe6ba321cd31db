"""Audit on a schedule: ``python -m flows.schedule --cron '0 3 * * *'``.

Keeps running and starts the flow at each time, from the folder it was started in. With ``PREFECT_API_URL`` set to a
server of one's own (``prefect server start``), schedule, runs and verdicts are kept there.
"""

from __future__ import annotations

import argparse

from flows.audit import audit


def main() -> None:
    """Serve the audit flow."""
    parser = argparse.ArgumentParser(prog="python -m flows.schedule", description="Audit on a schedule.")
    parser.add_argument("--cron", default="0 3 * * *", help="when, as cron writes it (default: every night at 3)")
    parser.add_argument("audits", nargs="*", metavar="AUDIT", help="only these audits of params.yaml")
    options = parser.parse_args()
    audit.serve(name="earwitness", cron=options.cron, parameters={"audits": options.audits or None, "fresh": False})


if __name__ == "__main__":
    main()
