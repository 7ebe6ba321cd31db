"""What can be checked of the report before anything runs."""

from __future__ import annotations

from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.report.params import ReportParams

TAKEN = {"leakage"}
"""Keys of `verdict.json` beside the names of audits."""


def check_params(params: ReportParams, path: Path) -> None:
    """Check that no audit has a name that stands for something else in `verdict.json`.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    for name in TAKEN & set(params.audits):
        raise EarwitnessError(f"{path}: audits: {name!r} is taken in verdict.json: choose another name")
