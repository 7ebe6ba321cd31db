"""The command ``earwitness``. Nothing heavy is imported until there is something to do."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from stages.core.errors import EarwitnessError

if TYPE_CHECKING:
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

REPORT = "data/report/report.html"
ALARM_STATUS, IMPOSSIBLE_STATUS = 3, 4
"""With which a scan ends on an alarm, and where none was possible: apart from 1, a Python error's."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 when done, 2 on an error that a person can put right.

    A scan ends with 3 on an alarm and with 4 where no alarm was possible, an interrupted run with 130.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process where none are given.
    """
    options = parser().parse_args(arguments)
    try:
        options.run(options)
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
    commands = command.add_subparsers(required=True, metavar="COMMAND")
    _add_audit(commands)
    _add_score(commands)
    _add_transfer(commands)
    _add_scan(commands)
    _add_add(commands)
    return command


def _add_audit(commands: Commands) -> None:
    audit = commands.add_parser(
        "audit",
        help="bring every stage up to date and print what each audit found",
        description="Runs what is out of date in the graph of dvc.yaml, then prints each audit's finding.",
    )
    audit.add_argument(
        "audits", nargs="*", metavar="AUDIT", help="only these audits of params.yaml, without the report"
    )
    audit.add_argument("--fresh", action="store_true", help="run everything again, without rows of earlier runs")
    audit.add_argument("--verbose", action="store_true", help="show what Prefect logs")
    audit.set_defaults(run=lambda options: run_audits(options.audits, fresh=options.fresh, verbose=options.verbose))


def _add_score(commands: Commands) -> None:
    score = commands.add_parser(
        "score",
        help="score clips, of unknown membership too, by the detector that an audit fitted",
        description="Prints clip_id, score (log-odds), probability, member, scored as CSV; runs no stage.",
    )
    score.add_argument(
        "name", metavar="AUDIT_OR_CORPUS", help="whose clips; of a corpus, as the detector's target sees it"
    )
    score.add_argument("--detector", required=True, metavar="AUDIT", help="the audit that fitted the detector")
    score.set_defaults(run=lambda options: print_scores(options.name, options.detector))


def _add_transfer(commands: Commands) -> None:
    transfer = commands.add_parser(
        "transfer",
        help="how well each audit's detector does on each audit",
        description="Prints tables of AUCs, on targets and on references, as Markdown; runs no stage.",
    )
    transfer.add_argument("audits", nargs="*", metavar="AUDIT", help="only these audits of params.yaml")
    transfer.set_defaults(run=lambda options: print_transfer(options.audits))


def _add_scan(commands: Commands) -> None:
    scan = commands.add_parser(
        "scan",
        help="look for a backdoor in a target with a bank of triggers, from its answers alone",
        description="Puts clips to a target without and with each trigger of params.yaml: backdoor.scan.bank, and says "
        "which of them make it give one answer, beyond what they do to clean models. Runs no stage. Exit status: 0 "
        "without an alarm, 3 on an alarm, 4 where no alarm was possible, 2 on a mistake in what was asked for.",
    )
    scan.add_argument(
        "target",
        metavar="TARGET",
        help="a target or copy of params.yaml, a checkpoint's folder, http(s)://host/v1#name",
    )
    scan.add_argument("--corpus", default="", help="whose clips are put to it; of an audit of the target by default")
    scan.add_argument(
        "--reference",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="clean models that it is held against, named like the target; by default a copy's base and the references "
        "of the target's audits",
    )
    scan.add_argument("--prompts", nargs="+", default=[], metavar="TEXT", help="by default those of params.yaml")
    scan.add_argument("--json", default="", metavar="FILE", help="write every figure there too")
    scan.set_defaults(run=print_scan)


def _add_add(commands: Commands) -> None:
    add = commands.add_parser(
        "add",
        help="add sections that docs/ offers ready-made to params.yaml",
        description="Merges a fragment, such as docs/backdoors.yaml, into params.yaml, which keeps its comments, and "
        "prints the keys that were added. No value that is there is changed: one that differs is an error.",
    )
    add.add_argument("fragment", metavar="FILE", help="a YAML file with sections of params.yaml, or parts of them")
    add.set_defaults(run=lambda options: print_added(options.fragment))


def print_added(fragment: str) -> None:
    """Merge a fragment into params.yaml and print the keys that were added."""
    from pathlib import Path

    from flows.fragments import add_fragment

    print("\n".join(add_fragment(Path(fragment))) or "nothing to add: all of it is there")


def print_scan(options: argparse.Namespace) -> None:
    """Scan a target and print what was found.

    Raises
    ------
    SystemExit
        With `ALARM_STATUS` or `IMPOSSIBLE_STATUS`.
    """
    from pathlib import Path

    from stages.backdoor.params import BackdoorParams
    from stages.backdoor.scan.result import scan_result
    from stages.backdoor.scan.scanning import scan
    from stages.core.config.params import load_params
    from stages.core.store.jsonfile import write_json
    from stages.core.words.backdoor import scan_text

    params = load_params(BackdoorParams)
    found = scan_result(scan(options.target, params, options.corpus, options.reference, options.prompts))
    print(scan_text(found))
    if options.json:
        write_json(Path(options.json), found.plain())
    if status := {"alarm": ALARM_STATUS, "impossible": IMPOSSIBLE_STATUS}.get(found.finding):
        raise SystemExit(status)


def print_scores(name: str, detector: str) -> None:
    """Print the scores of an audit's clips by a detector, as CSV."""
    import csv

    from stages.core.config.params import load_params
    from stages.fidelity_detector.params import FidelityDetectorParams
    from stages.fidelity_detector.scoring import score

    rows = score(name, detector, load_params(FidelityDetectorParams))
    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else ["clip_id"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def print_transfer(audits: list[str]) -> None:
    """Print how well each audit's detector does on each audit."""
    from stages.core.config.params import load_params
    from stages.core.run.stage import require_declared
    from stages.fidelity_detector.params import FidelityDetectorParams
    from stages.fidelity_detector.scoring import as_table, transfer

    params = load_params(FidelityDetectorParams)
    for name in audits:
        require_declared(params.audits, "audits", name)
    rows = transfer(audits or list(params.audits), params)
    for role in ("target", "reference"):
        print(f"AUC on the {role}, by the detector fitted on each audit (its own clips out of fold)\n")
        print(as_table(rows, role), end="\n\n")


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
