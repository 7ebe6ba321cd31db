"""Checks of the report's params before anything runs."""

from __future__ import annotations

from pathlib import Path

import stages.report.sections  # noqa: F401 (registers the sections)
from stages.core.errors import EarwitnessError
from stages.report.params import ReportParams
from stages.report.section import in_order


def check_params(params: ReportParams, path: Path) -> None:
    """Check that no audit has the name of a key that a section uses in `verdict.json`.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    taken = [section.verdict_key for section in in_order() if section.verdict is not None]
    for name in sorted(set(taken) & set(params.audits)):
        raise EarwitnessError(f"{path}: audits: {name!r} is a key of its own in verdict.json: choose another name")
