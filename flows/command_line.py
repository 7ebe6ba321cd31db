"""The command ``earwitness``. Nothing heavy is imported until there is something to do."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from stages.core.errors import EarwitnessError

REPORT = "data/report/report.html"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 when done, 2 on an error that a person can put right, 130 when interrupted.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process where none are given.
    """
    options = parser().parse_args(arguments)
    try:
        run_audits(options.audits, fresh=options.fresh, verbose=options.verbose)
    except EarwitnessError as error:
        print(f"earwitness: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("earwitness: interrupted: the same command goes on where it was", file=sys.stderr)
        raise SystemExit(130) from None


def parser() -> argparse.ArgumentParser:
    """Return the command's arguments."""
    command = argparse.ArgumentParser(
        prog="earwitness", description="Audits audio language models: was this recording in the training data?"
    )
    audit = command.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "audit",
        help="bring every stage up to date and print what each audit found",
        description="Runs what is out of date in the graph of dvc.yaml, then prints each audit's finding.",
    )
    audit.add_argument(
        "audits", nargs="*", metavar="AUDIT", help="only these audits of params.yaml, without the report"
    )
    audit.add_argument("--fresh", action="store_true", help="run everything again, without rows of earlier runs")
    audit.add_argument("--verbose", action="store_true", help="show what Prefect logs")
    return command


def run_audits(audits: list[str], *, fresh: bool, verbose: bool) -> None:
    """Check the input, run the flow, and print the findings.

    Raises
    ------
    EarwitnessError
        If the input cannot be right, before anything runs.
    SystemExit
        With status 2 if a stage failed, after its own line on standard error.
    """
    from flows.preflight import preflight

    params = preflight(audits)
    if verbose:
        from flows.environment import log_prefect

        log_prefect()
    from flows.audit import audit
    from flows.verdicts import as_text, cut_notes, verdict_rows

    try:
        state = audit(audits or None, fresh, checked=True, return_state=True)
    except RuntimeError as error:
        if "Prefect API server" not in str(error):
            raise
        raise EarwitnessError(f"{error} Run it again, or start one: prefect server start, PREFECT_API_URL") from error
    if not state.is_completed():
        print(state.message, file=sys.stderr)
        raise SystemExit(2)
    print(as_text(verdict_rows(params, audits)))
    if notes := cut_notes(params, audits):
        print("", *notes, sep="\n")
    print(f"\nReport: {os.path.abspath(REPORT)}" if not audits else "\nThe report covers all audits: earwitness audit")


if __name__ == "__main__":
    main()
