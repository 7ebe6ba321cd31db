"""The page itself: from what is shown of each audit to HTML, every value escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.report.backdoors import BackdoorView
from stages.report.component_grid import HOW
from stages.report.leakage import LeakageView
from stages.report.view import MISSING, AuditView, short
from stages.report.words import GLOSSARY


def render(
    title: str,
    audits: Sequence[AuditView],
    leakage: Sequence[LeakageView] = (),
    backdoors: Sequence[BackdoorView] = (),
) -> str:
    """Return the whole page: one HTML file that fetches nothing and runs nothing.

    Parameters
    ----------
    title : str
        ``report.title`` of `params.yaml`.
    audits : sequence of AuditView
        In the order in which they are shown; may be empty.
    leakage : sequence of LeakageView
        Audits of what is told about speakers; may be empty.
    backdoors : sequence of BackdoorView
        Experiments with planted backdoors; may be empty.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(short=short)
    return environment.get_template("page.html.jinja").render(
        title=title,
        audits=audits,
        backdoors=backdoors,
        how_words=HOW,
        leakage=leakage,
        meanings={audit.finding: audit.meaning for audit in audits},
        glossary=GLOSSARY,
        missing=MISSING,
    )
