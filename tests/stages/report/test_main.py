"""The stage: the page, `verdict.json` and `metrics.json` from artifacts."""

import json
import re
from pathlib import Path

import pytest

from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact
from stages.report.__main__ import main
from tests.params import Whole
from tests.stages.report.html_page import HtmlPage


def report() -> str:
    return Path("data/report/report.html").read_text(encoding="utf-8")


def test_the_page_shows_every_finding_and_is_well_formed(evaluated: Whole) -> None:
    main("", evaluated)
    page = HtmlPage(report())
    assert page.open == []
    headings = [text.strip() for text in page.text]
    assert {"Memorised", "Not detected", "Confounded", "Suspected"} <= set(headings)
    text = re.sub(r"\s+", " ", " ".join(page.text))
    assert "0.84 [0.80, 0.88]" in text
    assert "7 of 400 clips are longer than the 4 s that the target hears" in text
    assert "1 of 401 clips could not be used and were set aside: 1 shorter than 0.2 s <sic>" in text
    assert "lab_trained manifest 400 150 150 0 0.20 30 0 0 0" in text
    assert "lab_voices manifest 192 0 0 192" in text
    assert "lab_trained shorter than 0.2 s <sic> 1" in text
    assert "151 members and 151 non-members" in text
    assert "too few clips that look alike to the blind baseline" in text
    found = json.loads(Path("data/report/metrics.json").read_text())
    assert found["trained"] == "memorised"
    assert found["voices_gender"] == "told"


def test_the_page_fetches_nothing_runs_nothing_and_tells_no_secrets(evaluated: Whole) -> None:
    main("", evaluated)
    html = report()
    for word in ("http", "<script", "src=", "url(", "@import", "<link", "secret words", "voice_0017", "audio/a.wav"):
        assert word not in html, word


def test_tables_and_plots_can_be_read_aloud(evaluated: Whole) -> None:
    main("", evaluated)
    page = HtmlPage(report())
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    tables = [tag for tag, _ in page.tags if tag == "table"]
    assert len(tables) == len([tag for tag, _ in page.tags if tag == "caption"]) > 10
    drawn = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("role") == "img"]
    assert len(drawn) == 11  # two an audit, and the layers of one attribute
    for attributes in drawn:
        assert set(str(attributes["aria-labelledby"]).split()) <= set(ids)


def test_curves_are_those_of_all_clips(evaluated: Whole) -> None:
    main("", evaluated)
    paths = re.findall(r'<path d="(M44[^"]*)" class="curve', report())
    assert len(paths) == 5 * (4 + 1)  # in each audit four attacks and the baseline
    for path in paths:
        assert path.startswith("M44.0 330.0L")
        assert path.endswith("L364.0 10.0")


def test_verdicts_for_machines(evaluated: Whole) -> None:
    main("", evaluated)
    verdicts = json.loads(Path("data/report/verdict.json").read_text())
    leakage = verdicts.pop("leakage")
    assert leakage["voices"]["attributes"]["gender"]["finding"] == "told"
    assert set(leakage["voices"]["attributes"]["gender"]) == {"finding", "reasons", "because"}
    assert {name: verdict["finding"] for name, verdict in verdicts.items()} == {
        "trained": "memorised",
        "control": "not_detected",
        "shifted": "confounded",
        "leaky": "suspected",
        "domain": "not_detected",
    }
    assert verdicts["leaky"] == json.loads(artifact("evaluation", "leaky", "verdict.json").read_text())


def test_the_same_input_gives_the_same_bytes(evaluated: Whole) -> None:
    main("", evaluated)
    first = report()
    main("", evaluated)
    assert report() == first


def test_what_no_audit_names_is_not_read(evaluated: Whole) -> None:
    stray = artifact("evaluation", "forgotten", "details.json")
    stray.parent.mkdir()
    stray.write_text("not JSON")
    one = evaluated.model_copy(update={"audits": {"trained": evaluated.audits["trained"]}})
    main("", one)
    assert set(json.loads(Path("data/report/verdict.json").read_text())) == {"trained", "leakage"}
    assert "forgotten" not in report()


def test_without_audits_the_page_says_so(evaluated: Whole) -> None:
    main("", evaluated.model_copy(update={"audits": {}}))
    assert "No audit is declared" in report()


def test_sparse_figures_are_dashes_not_zeros(evaluated: Whole) -> None:
    path = artifact("evaluation", "control", "details.json")
    metrics = json.loads(path.read_text())
    metrics["attacks"] = {"loss/transcript/given/0": {"auc": None, "primary": True}}
    del metrics["population"]
    path.write_text(json.dumps(metrics))
    artifact("evaluation", "control", "roc.csv").write_text("attack,clips,false_positive_rate,true_positive_rate\n")
    control = evaluated.audits["control"].model_copy(update={"reference": "none"})
    main("", evaluated.model_copy(update={"audits": {"control": control}}))
    html = report()
    assert "There is no reference model." in html
    row = re.search(r'<th scope="row">loss</th>(.*?)</tr>', html)
    assert row is not None
    assert set(re.findall(r"<td[^>]*>(.*?)</td>", row[1])) == {"\u2013"}


def test_names_are_escaped(evaluated: Whole) -> None:
    main("", evaluated.model_copy(update={"report": evaluated.report.model_copy(update={"title": "<b>&"})}))
    assert "<title>&lt;b&gt;&amp;</title>" in report()


def test_a_missing_artifact_is_one_line_and_leaves_no_page(evaluated: Whole) -> None:
    artifact("evaluation", "leaky", "verdict.json").unlink()
    with pytest.raises(EarwitnessError, match=r"^data/evaluation/leaky/verdict.json: missing: run 'dvc repro'"):
        main("", evaluated)
    assert not Path("data/report").exists()
