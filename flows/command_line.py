"""The command ``earwitness``. Each command imports what it needs only when it runs, so that help appears at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from flows.corpus_commands import add_corpus_commands, joined
from stages.core.errors import EarwitnessError

if TYPE_CHECKING:
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

REPORT = "data/report/report.html"
ALARM_STATUS, IMPOSSIBLE_STATUS = 3, 4
"""Exit statuses of a scan: on an alarm, and where no alarm was possible. Both differ from 1, the status of a crash."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: with 0 when it is done, with 2 on an error that the user can correct.

    A scan exits with 3 on an alarm and with 4 where no alarm was possible. An interrupted run exits with 130.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command's arguments; by default those of the process.
    """
    try:
        options = parser().parse_args(joined(sys.argv[1:] if arguments is None else arguments))
        options.run(options)
    except EarwitnessError as error:
        print(f"earwitness: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("earwitness: interrupted: run the same command again to continue", file=sys.stderr)
        raise SystemExit(130) from None


class _WithDocs(argparse.ArgumentParser):
    """A parser that prints the folder of the documentation below its help."""

    def format_help(self) -> str:
        """Return the help. The documentation's folder is looked up only here, because most commands do not need it."""
        from flows.shipped import shipped

        return f"{super().format_help()}\nDocumentation: {shipped() / 'docs'}\n"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    from flows.shipped import tool_version

    command: argparse.ArgumentParser = _WithDocs(
        prog="earwitness",
        description="Audits audio language models. Were these recordings in the training data? What does the model "
        "tell about the person who speaks? Does a hidden sound make it answer what somebody chose?",
    )
    command.add_argument("--version", action="version", version=f"earwitness {tool_version()}")
    commands = command.add_subparsers(required=True, metavar="COMMAND")
    _add_init(commands)
    _add_audit(commands)
    add_corpus_commands(commands)
    _add_add(commands)
    _add_score(commands)
    _add_transfer(commands)
    _add_scan(commands)
    _add_convert(commands)
    return command


def _add_init(commands: Commands) -> None:
    init = commands.add_parser(
        "init",
        help="make a project: a folder for your own recordings, audits and results",
        description="Makes FOLDER a git and DVC repository. Its params.yaml declares a small lab that comes with the "
        "tool, and shows how to add your own recordings and models. FOLDER must be new, empty, or a git repository "
        "without dvc.yaml. Nothing is committed.",
    )
    init.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="the project's folder (with --upgrade: default the current folder)"
    )
    init.add_argument(
        "--upgrade",
        action="store_true",
        help="update the dvc.yaml of an existing project to the installed version of the tool; your params.yaml, "
        "recordings and results stay as they are",
    )
    init.add_argument(
        "--force", action="store_true", help="with --upgrade: replace dvc.yaml even if it was edited by hand"
    )
    init.set_defaults(run=lambda options: print_project(options.folder, upgrade=options.upgrade, force=options.force))


def _add_audit(commands: Commands) -> None:
    audit = commands.add_parser(
        "audit",
        help="run every stage that is out of date and print what each audit found",
        description="Checks params.yaml, the recordings and the models. Then runs every stage whose input has changed "
        "since its last run, writes the report, and prints what each audit found. If a run was stopped, the same "
        "command continues it.",
    )
    audit.add_argument(
        "audits",
        nargs="*",
        metavar="NAME",
        help="run only these audits of params.yaml, and write no report; the name of a corpus without an audit runs "
        "its blind baseline, which needs no target",
    )
    audit.add_argument("--fresh", action="store_true", help="run every stage again and reuse nothing")
    audit.add_argument("--verbose", action="store_true", help="show the log of Prefect, the tool that runs the stages")
    audit.set_defaults(run=lambda options: run_audits(options.audits, fresh=options.fresh, verbose=options.verbose))


def _add_add(commands: Commands) -> None:
    add = commands.add_parser(
        "add",
        help="add ready-made settings, such as larger experiments, to params.yaml",
        description="Merges a YAML file into params.yaml and prints the keys that were added. The comments of "
        "params.yaml stay. No existing value is changed: if the file has another value for an existing key, the "
        "command stops with an error and adds nothing.",
    )
    add.add_argument(
        "fragment",
        metavar="FILE",
        help="a YAML file with sections of params.yaml, or parts of them; docs/backdoors.yaml and docs/modality.yaml "
        "come with the tool",
    )
    add.set_defaults(run=lambda options: print_added(options.fragment))


def _add_score(commands: Commands) -> None:
    score = commands.add_parser(
        "score",
        help="score clips, also clips of unknown membership, with the detector that an audit fitted",
        description="Prints one line of CSV per clip. The columns: clip_id; score, the log-odds of membership; "
        "probability; member, where it is known; scored, which is 'detector', or 'out_of_fold' where the detector was "
        "trained on this clip (the score then comes from models that were trained without it). The audits must have "
        "run already; this command runs no stage.",
    )
    score.add_argument(
        "name",
        metavar="AUDIT_OR_CORPUS",
        help="the clips to score: those of an audit, or those of a corpus; the clips of a corpus are scored on the "
        "target of the detector's audit",
    )
    score.add_argument("--detector", required=True, metavar="AUDIT", help="the audit whose detector scores the clips")
    score.set_defaults(run=lambda options: print_scores(options.name, options.detector))


def _add_transfer(commands: Commands) -> None:
    transfer = commands.add_parser(
        "transfer",
        help="show how well the detector of each audit works on the clips of every other audit",
        description="Prints two tables of AUCs in Markdown: one for the audits' targets, one for their references. "
        "The audits must have run already; this command runs no stage.",
    )
    transfer.add_argument("audits", nargs="*", metavar="AUDIT", help="only these audits of params.yaml (default: all)")
    transfer.set_defaults(run=lambda options: print_transfer(options.audits))


def _add_scan(commands: Commands) -> None:
    scan = commands.add_parser(
        "scan",
        help="look for a backdoor in a model, from its answers alone",
        description="Asks a model about clips, without a trigger and with each trigger of backdoor.scan.bank in "
        "params.yaml. Reports which triggers make the model give the same answer to most clips, and far more often "
        "than clean models do (an alarm). This command runs no stage. Exit status: 0 without an alarm, 3 on an alarm, "
        "4 where no alarm was possible, 2 on an error in the arguments or in params.yaml.",
    )
    scan.add_argument(
        "target",
        metavar="TARGET",
        help="the model to scan: the name of a target or copy in params.yaml, the folder of a checkpoint, or a served "
        "model as http(s)://host/v1#name",
    )
    scan.add_argument(
        "--corpus",
        default="",
        help="the corpus whose clips are used (default: the corpus of the target's first audit, else the first corpus "
        "of params.yaml)",
    )
    scan.add_argument(
        "--reference",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="clean models to compare with, given in the same ways as TARGET (default: the base of a copy, and the "
        "references of the target's audits)",
    )
    scan.add_argument(
        "--prompts",
        nargs="+",
        default=[],
        metavar="TEXT",
        help="the questions to ask about each clip (default: backdoor.scan.prompts of params.yaml)",
    )
    scan.add_argument("--json", default="", metavar="FILE", help="also write all figures to this file")
    scan.set_defaults(run=print_scan)


def _add_convert(commands: Commands) -> None:
    convert = commands.add_parser(
        "convert",
        help="write a checkpoint that is published with its own code in the form of transformers",
        description="Reads a Phi-4 multimodal checkpoint as Microsoft publishes it (model_type phi4mm), and writes it "
        "as phi4_multimodal of transformers, which can be a target. None of the checkpoint's code is run, and nothing "
        "is downloaded. Only names change, no weight.",
    )
    convert.add_argument("folder", metavar="FOLDER", help="the checkpoint's folder")
    convert.add_argument("out", metavar="OUT", help="the folder to write; it must not exist")
    convert.set_defaults(run=lambda options: print_converted(options.folder, options.out))


def print_converted(folder: str, out: str) -> None:
    """Convert a checkpoint and print what was written."""
    from pathlib import Path

    from stages.models.conversion import convert

    print("\n".join(convert(Path(folder), Path(out))))


def print_project(folder: str | None, *, upgrade: bool, force: bool) -> None:
    """Make a project, or update one to the installed version, and print what was done."""
    from pathlib import Path

    from flows.project import make_project

    if upgrade:
        from flows.upgrade import upgrade_project

        print("\n".join(upgrade_project(Path(folder or "."), force=force)))
        return
    if folder is None or force:
        raise EarwitnessError(
            "init: " + ("--force needs --upgrade" if force else "name a folder: earwitness init FOLDER")
        )
    print("\n".join(make_project(Path(folder))))


def print_added(fragment: str) -> None:
    """Merge a fragment into params.yaml and print the keys that were added."""
    from pathlib import Path

    from flows.fragments import add_fragment

    print("\n".join(add_fragment(Path(fragment))) or "nothing to add: params.yaml has all of it already")


def print_scan(options: argparse.Namespace) -> None:
    """Scan a target and print what was found.

    Raises
    ------
    SystemExit
        With `ALARM_STATUS` on an alarm, or `IMPOSSIBLE_STATUS` where no alarm was possible.
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
    """Print, as CSV, the scores that a detector gives the clips of an audit or a corpus."""
    import csv

    from stages.core.config.params import load_params
    from stages.fidelity_detector.params import FidelityDetectorParams
    from stages.fidelity_detector.scoring import score

    rows = score(name, detector, load_params(FidelityDetectorParams))
    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else ["clip_id"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def print_transfer(audits: list[str]) -> None:
    """Print how well each audit's detector works on the clips of each audit."""
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
        If the preflight finds an error; nothing has run then.
    SystemExit
        With status 2 if a stage failed. Its error has been printed to standard error.
    """
    from flows.preflight import needed, preflight

    params = preflight(audits)
    if verbose:
        from flows.environment import log_prefect

        log_prefect()
    from flows.audit import audit
    from flows.verdicts import as_text, blind_rows, corpus_notes, verdict_notes, verdict_rows

    try:
        state = audit(audits or None, fresh, checked=True, return_state=True)
    except RuntimeError as error:
        if "Prefect API server" not in str(error):
            raise
        raise EarwitnessError(f"{error} Run it again, or start one: prefect server start, PREFECT_API_URL") from error
    if not state.is_completed():
        print(state.message, file=sys.stderr)
        raise SystemExit(2)
    print(*(as_text(rows) for rows in (verdict_rows(params, audits), blind_rows(params, audits)) if rows), sep="\n\n")
    corpora = needed(params, audits)[0] if audits else params.corpora
    if notes := [*verdict_notes(params, audits), *corpus_notes(params, corpora)]:
        print("", *notes, sep="\n")
    print(f"\nReport: {os.path.abspath(REPORT)}" if not audits else "\nThe report covers all audits: earwitness audit")


if __name__ == "__main__":
    main()
