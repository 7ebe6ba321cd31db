"""``python -m stages.report``: every section reads its artifacts, then the page and its files are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import stages.report.sections  # noqa: F401 (registers the sections)
from stages.core.errors import EarwitnessError
from stages.core.results.flat import Headlines
from stages.core.run.stage import run_stage
from stages.core.store.jsonfile import write_json, write_text
from stages.report.page import render
from stages.report.params import ReportParams
from stages.report.section import in_order

FOLDER = Path("data/report")


def main(name: str, params: ReportParams) -> None:
    """Write the report on everything that `params.yaml` declares. Artifacts of other names are not read."""
    del name  # the stage has no items
    views = [(section, section.read(params)) for section in in_order()]
    shown = [(section, view) for section, view in views if view is not None]
    page = render(params.report.title, shown, audits=bool(params.audits))
    verdicts = {key: part for section, view in views for key, part in section.verdicts(view).items()}
    headlines = _joined([section.headline_figures(view) for section, view in views])
    write_json(FOLDER / "verdict.json", verdicts)
    write_json(FOLDER / "metrics.json", headlines)
    write_text(FOLDER / "report.html", page)


def _joined(parts: Sequence[Headlines]) -> Headlines:
    """Return the sections' headlines in one mapping; a key of two of them would hide a figure."""
    counts = Counter(key for part in parts for key in part)
    if twice := [key for key, count in counts.items() if count > 1]:
        raise EarwitnessError(
            f"{FOLDER / 'metrics.json'}: {twice[0]!r} names two figures: rename an audit or experiment"
        )
    return {key: figure for part in parts for key, figure in part.items()}


if __name__ == "__main__":
    run_stage("report", main, ReportParams)
