"""The contract of every section of the page, and a section that a folder alone adds."""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import stages.report.section as sections
import stages.report.sections  # noqa: F401 (registers the sections)
from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.store.codeversion import stage_code
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.report.__main__ import main
from stages.report.check import check_params
from stages.report.page import render
from stages.report.section import SECTIONS, ReportSection, in_order
from tests.params import Whole, load_whole
from tests.stages.report.html_page import HtmlPage
from tests.stages.report.sections.backdoors.experiment import everything

ROOT = Path(__file__).resolve().parents[3]
FIRST_OF_THE_PAGE_S_OWN = "What no finding on this page says"
"""The heading below the last section; the contents name it as well."""
SAID_NOWHERE = {("membership", "Quarantine")}
"""Terms that the page explains and does not use; to be put right where the page's words are."""


@pytest.fixture
def complete(evaluated: Whole, repository: Path) -> Whole:
    """Params of which every section has something to show."""
    write_json(artifact("backdoor", "gender_click", "details.json"), everything())
    backdoor = load_whole(repository / "params.yaml").backdoor
    return evaluated.model_copy(update={"backdoor": backdoor})


def nothing_declared(params: Whole) -> Whole:
    leakage = params.attribute_leakage.model_copy(update={"audits": {}})
    backdoor = params.backdoor.model_copy(update={"experiments": {}})
    return params.model_copy(update={"audits": {}, "attribute_leakage": leakage, "backdoor": backdoor})


def page_of(section: ReportSection, params: Whole) -> HtmlPage:
    view = section.read(params)
    assert view is not None
    return HtmlPage(render("Audit", [(section, view)]))


def body(section: ReportSection, params: Whole) -> str:
    """Return the section's text without the page around it, and without its own list of terms."""
    text = " ".join(" ".join(page_of(section, params).text).split())
    _, contents, below = text.partition("that the model remembers.")[2].partition(FIRST_OF_THE_PAGE_S_OWN)
    assert contents
    start = below.index(section.title)
    return below[start : below.index(FIRST_OF_THE_PAGE_S_OWN)].partition("Terms of this section")[0]


def test_the_registry_holds_the_folders() -> None:
    folders = {file.parent.name for file in ROOT.glob("stages/report/sections/*/__init__.py")}
    assert folders == set(SECTIONS)


@pytest.mark.parametrize("name", SECTIONS)
def test_empty_input_gives_nothing(name: str, evaluated: Whole) -> None:
    assert SECTIONS[name].read(nothing_declared(evaluated)) is None


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_well_formed_and_has_its_title_at_its_anchor(name: str, complete: Whole) -> None:
    section = SECTIONS[name]
    page = page_of(section, complete)
    assert page.open == []
    assert section.title
    headings = [attributes for tag, attributes in page.tags if tag == "h2" and attributes["id"] == section.anchor]
    assert len(headings) == 1
    assert body(section, complete).startswith(section.title)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_term_is_explained_once_and_used(name: str, complete: Whole) -> None:
    section = SECTIONS[name]
    terms = page_of(section, complete).parts("dt")
    used = body(section, complete)
    for term in section.terms:
        assert terms.count(term) == 1
        names = "|".join(re.escape(one) for one in re.split("[,:] ", term))
        if (name, term) not in SAID_NOWHERE:
            assert re.search(rf"\b({names})s?\b", used, re.IGNORECASE), term


@pytest.mark.parametrize("name", SECTIONS)
def test_the_code_version_of_the_stage_covers_the_template(name: str) -> None:
    assert f"stages/report/sections/{name}/{name}.html.jinja" in stage_code("report")


def test_every_entry_of_the_contents_leads_to_a_heading(complete: Whole) -> None:
    main("", complete)
    page = HtmlPage(Path("data/report/report.html").read_text(encoding="utf-8"))
    headings = {attributes["id"] for tag, attributes in page.tags if tag == "h2" and "id" in attributes}
    entries = [str(attributes["href"])[1:] for tag, attributes in page.tags if tag == "a" and attributes.get("href")]
    contents = [section.anchor for section in in_order()] + ["limits", "glossary"]
    assert entries[: len(contents)] == contents
    assert set(contents) <= headings


def test_no_anchor_place_term_or_key_is_taken_twice() -> None:
    terms = [term for section in in_order() for term in section.terms]
    for names in (
        [section.anchor for section in in_order()] + ["limits", "glossary"],
        [section.order for section in in_order()],
        terms,
        [section.verdict_key for section in in_order() if section.verdict is not None],
    ):
        assert [name for name, count in Counter(names).items() if count > 1] == []


def test_no_audit_has_the_name_of_a_section_s_part_of_the_verdict(complete: Whole) -> None:
    check_params(complete, Path("params.yaml"))
    audit = next(iter(complete.audits.values()))
    params = complete.model_copy(update={"audits": {"leakage": audit}})
    with pytest.raises(EarwitnessError, match=r"^params.yaml: audits: 'leakage' is a key of its own in verdict.json"):
        check_params(params, Path("params.yaml"))


PACKAGE = """
from stages.report.section import section


def verdicts(view):
    return {"count": len(view)}


@section("notes", order=15, title="Notes", terms={"Note": "a line that somebody wrote."}, verdict=verdicts)
def notes(params):
    return ["one <note>", params.report.title] if params.audits else None
"""
TEMPLATE = """
<section aria-labelledby="{{ section.anchor }}">
<h2 id="{{ section.anchor }}">{{ section.title }}</h2>
{% for note in view %}
<p>{{ note }}</p>
{% endfor %}
</section>
"""


@pytest.fixture
def with_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with one section more, which lies in a folder of its own."""
    registry: Registry[ReportSection] = Registry("report section")
    for name in SECTIONS:
        registry.register(name)(SECTIONS[name])
    monkeypatch.setattr(sections, "SECTIONS", registry)
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "__init__.py").write_text(PACKAGE)
    (folder / "notes.html.jinja").write_text(TEMPLATE)
    spec = spec_from_file_location("notes", folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(module_from_spec(spec))


@pytest.mark.usefixtures("with_notes")
def test_a_folder_adds_a_section(complete: Whole) -> None:
    main("", complete)
    html = Path("data/report/report.html").read_text(encoding="utf-8")
    page = HtmlPage(html)
    assert page.open == []
    anchors = [attributes["id"] for tag, attributes in page.tags if tag == "h2" and "id" in attributes]
    expected = [section.anchor for section in in_order()]
    assert expected.index("findings") < expected.index("notes") < expected.index("leakage")
    assert [anchor for anchor in anchors if anchor in expected] == expected
    assert html.index('<li><a href="#findings">') < html.index('<li><a href="#notes">Notes</a></li>')
    assert "one &lt;note&gt;" in html
    assert "<dt>Note</dt><dd>a line that somebody wrote.</dd>" in html
    assert read_json(Path("data/report/verdict.json"))["notes"] == {"count": 2}
    figures = read_json(Path("data/report/metrics.json"))
    assert {"trained": "memorised", "voices_gender": "told", "gender_click_aer": 0.97}.items() <= figures.items()


@pytest.mark.usefixtures("with_notes")
def test_a_section_without_anything_to_show_leaves_the_page_as_it_was(complete: Whole) -> None:
    main("", nothing_declared(complete))
    html = Path("data/report/report.html").read_text(encoding="utf-8")
    assert "Notes" not in html
    assert "<nav" not in html
    assert "<dt>Note</dt>" not in html
