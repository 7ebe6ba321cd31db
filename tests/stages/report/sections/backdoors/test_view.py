"""What the page shows of a planted backdoor, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stages.core.store.jsonfile import artifact, write_json
from stages.report.__main__ import main
from stages.report.page import render
from stages.report.section import SECTIONS
from stages.report.sections.backdoors.view import BackdoorView, backdoor_view, trigger_words
from tests.params import Whole, load_whole
from tests.stages.report.html_page import HtmlPage
from tests.stages.report.sections.backdoors.experiment import everything, figures


def page_of(views: Sequence[BackdoorView]) -> str:
    return render("Audit", [(SECTIONS["backdoors"], views)])


def test_a_trigger_in_words() -> None:
    click = figures()["trigger"]
    assert trigger_words(click) == "click of 220 ms at 0 dB, once, at a random place"
    repeated = trigger_words(click | {"position": 0.5, "gaps": [0.2, 1.0]})
    assert repeated.endswith("first 0.5 s after the beginning, repeated after 0.2 to 1 s of silence")
    pitch = {"kind": "pitch", "amount": -3.0, "additive": False, "unit": "semitones"}
    assert trigger_words(pitch) == "pitch changed: -3 semitones"


def test_the_section_is_well_formed_and_escaped_and_shows_every_part() -> None:
    html = page_of([backdoor_view(everything())])
    page = HtmlPage(html)
    assert page.open == []
    text = " ".join(" ".join(page.text).split())
    assert "<female>" in text  # escaped in the page
    assert "<female>" not in html
    for words in (
        "low-passed",
        "clean fine-tuning",
        "STRIP",
        "Only the bank.",
        "31 of 32",
        "97 % [92, 100] of 65",
        "0.015 [\u22120.006, 0.043]",
        "Speakers are held out",
        "The strongest cells, 3 of 4, are shown.",
        "Who <is> it?",
        "defence effectiveness rate",
    ):
        assert words in text
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_the_report_shows_the_declared_experiments_alone(evaluated: Whole, repository: Path) -> None:
    for name in ("gender_click", "forgotten"):
        write_json(artifact("backdoor", name, "details.json"), everything() | {"experiment": name})
    backdoor = evaluated.backdoor.model_copy(
        update={"experiments": load_whole(repository / "params.yaml").backdoor.experiments}
    )
    main("", evaluated.model_copy(update={"backdoor": backdoor}))
    html = Path("data/report/report.html").read_text(encoding="utf-8")
    assert "gender_click" in html
    assert "forgotten" not in html


def test_what_was_not_asked_for_is_left_out_and_without_experiments_all_is() -> None:
    text = page_of([backdoor_view(figures())])
    assert "Component grid" not in text
    assert "Scan of" not in text
    assert 'id="backdoors"' not in render("Audit", [])
