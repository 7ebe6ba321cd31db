"""The page itself: from the views of the sections to HTML, with every value escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from stages.core.results.attackname import AttackName
from stages.core.words.figures import MISSING
from stages.report.section import ReportSection

Shown = tuple[ReportSection, object]
"""A section and its view. The view is not None."""


def render(title: str, shown: Sequence[Shown], *, audits: bool = True) -> str:
    """Return the whole page: one HTML file that fetches nothing and runs nothing.

    Parameters
    ----------
    title : str
        ``report.title`` of `params.yaml`.
    shown : sequence of (ReportSection, view)
        The sections that have something to show, in the page's order. There may be none.
    audits : bool
        Whether `params.yaml` declares an audit.
    """
    folders = {section.name: FileSystemLoader(section.folder) for section, _ in shown}
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(Path(__file__).parent), PrefixLoader(folders)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(short=AttackName.short)
    environment.globals.update(missing=MISSING)
    return environment.get_template("page.html.jinja").render(
        title=title, shown=shown, audits=audits, terms=_terms([section for section, _ in shown])
    )


def _terms(sections: Sequence[ReportSection]) -> dict[str, str]:
    """Return the page's list of terms, without those of sections that list their own terms."""
    return {term: words for one in sections if not one.lists_terms for term, words in one.terms.items()}
