"""What a section of the page is, and the decorator that registers one.

A section is a folder of `stages/report/sections`: its ``__init__.py`` reads artifacts and registers the section, its
``<name>.html.jinja`` shows what was read. The page, the list of terms, `verdict.json` and `metrics.json` loop over the
registry.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from stages.core.results.flat import Headlines
from stages.core.run.registry import Registry
from stages.report.params import ReportParams

Verdicts = Mapping[str, object]
"""A part of `verdict.json`."""

Read = TypeVar("Read", bound=Callable[[ReportParams], object])


@dataclass(frozen=True)
class ReportSection:
    """A section of the page.

    Attributes
    ----------
    name : str
        The section's name, which is also that of its template, without ``.html.jinja``.
    order : int
        Its place on the page: the lowest comes first. The orders of the tool's own sections lie ten apart.
    title : str
        Its heading.
    anchor : str
        The id of its heading, unique on the page.
    read : callable
        Takes the params, reads the artifacts of what they declare, and returns the view that the template shows, or
        None if there is nothing to show.
    folder : Path
        The folder of its template.
    terms : mapping of str to str
        Its terms and what they mean. They go into the page's list of terms.
    lists_terms : bool
        Whether its own template lists the terms, so that the page does not.
    verdict : callable or None
        Takes the view and returns the section's part of `verdict.json`; None if the section has no part.
    verdict_key : str
        The key of `verdict.json` that holds this part. If it is empty, the part's own keys, which are names of audits,
        stand at the top level.
    headlines : callable or None
        Takes the view and returns the section's part of `metrics.json`, by name a figure or a finding; None if the
        section has no part.
    """

    name: str
    order: int
    title: str
    anchor: str
    read: Callable[[ReportParams], object]
    folder: Path
    terms: Mapping[str, str]
    lists_terms: bool
    verdict: Callable[[Any], Verdicts] | None
    verdict_key: str
    headlines: Callable[[Any], Headlines] | None

    @property
    def template(self) -> str:
        """The template's name for the page's loader."""
        return f"{self.name}/{self.name}.html.jinja"

    def verdicts(self, view: object) -> Verdicts:
        """Return the section's part of `verdict.json`. Its key is there even if the section shows nothing."""
        if self.verdict is None:
            return {}
        part = {} if view is None else self.verdict(view)
        return {self.verdict_key: part} if self.verdict_key else part

    def headline_figures(self, view: object) -> Headlines:
        """Return the section's part of `metrics.json`."""
        return {} if self.headlines is None or view is None else self.headlines(view)


SECTIONS: Registry[ReportSection] = Registry("report section")


def section(
    name: str,
    *,
    order: int,
    title: str,
    anchor: str | None = None,
    terms: Mapping[str, str] | None = None,
    lists_terms: bool = False,
    verdict: Callable[[Any], Verdicts] | None = None,
    verdict_key: str | None = None,
    headlines: Callable[[Any], Headlines] | None = None,
) -> Callable[[Read], Read]:
    """Decorate the function that reads a section's artifacts, and register the section.

    The template must lie in the folder of the function's file. The parameters are the attributes of `ReportSection`.
    By default `anchor` and `verdict_key` are the section's name.
    """

    def register(read: Read) -> Read:
        SECTIONS.register(name)(
            ReportSection(
                name=name,
                order=order,
                title=title,
                anchor=name if anchor is None else anchor,
                read=read,
                folder=Path(inspect.getfile(read)).parent,
                terms=terms or {},
                lists_terms=lists_terms,
                verdict=verdict,
                verdict_key=name if verdict_key is None else verdict_key,
                headlines=headlines,
            )
        )
        return read

    return register


def in_order() -> list[ReportSection]:
    """Return all registered sections in the page's order."""
    return sorted((SECTIONS[name] for name in SECTIONS), key=lambda section: section.order)
