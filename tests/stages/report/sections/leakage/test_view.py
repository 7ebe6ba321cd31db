"""What the page shows of an audit of speakers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.core.store.jsonfile import artifact
from stages.core.words.figures import MISSING
from stages.core.words.leakage import LEAKS
from stages.report.__main__ import main
from tests.params import Whole


def page() -> str:
    return re.sub(r"\s+", " ", Path("data/report/report.html").read_text())


def test_outcomes_intervals_silence_privacy_and_layers_are_shown(evaluated: Whole) -> None:
    main("", evaluated)
    text = page()
    assert "0.94 [0.10, 0.90]" in text
    assert "[0.05, 0.95]" in text
    assert "refusals go from 0.00 to 0.68 (p &lt; 0.001)" in text
    assert "12 female, 4 male, 0 refused, 0 unparsed" in text
    assert "gender is read best at encoder.1, 0.90 [0.80, 0.95]" in text
    assert "Nobody&#39;s recordings were compared" in text or "Nobody's recordings were compared" in text
    assert text.index('<th scope="row">direct') < text.index('<th scope="row">privacy') < text.index("transcript</th>")


def changed(edit: Callable[[dict[str, Any]], object]) -> None:
    path = artifact("attribute_leakage", "voices", "details.json")
    metrics = json.loads(path.read_text())
    edit(metrics)
    path.write_text(json.dumps(metrics))


@pytest.mark.parametrize(
    "note", ["one speaker only: nothing follows", "5 clips without a speaker: each counts as a speaker of its own"]
)
def test_people_are_the_unit_only_where_they_are_known(evaluated: Whole, note: str) -> None:
    main("", evaluated)
    assert "with people as the unit" in page()
    assert "people whom the probe never met" in page()
    changed(lambda metrics: metrics.update(speakers_note=note))
    main("", evaluated)
    text = page()[page().index('id="leakage"') :]
    assert note in text
    assert "people as the unit" not in text
    assert "people whom the probe never met" not in text


def test_why_no_layer_was_read_and_what_failed_is_shown(evaluated: Whole) -> None:
    def unread(metrics: dict[str, Any]) -> None:
        metrics["attributes"]["gender"]["probes"] = {"best": None, "reason": "the target shows no layers", "note": None}
        metrics["layers"] = {"clips": 190, "failed": 2, "failure": "RuntimeError: too deep"}

    changed(unread)
    main("", evaluated)
    assert "No layer was read: the target shows no layers." in page()
    assert "2 of 192 clips have no layers, the first because of RuntimeError: too deep" in page()
    assert "is read best at" not in page()


@pytest.mark.parametrize("finding", ["told", "favoured", "words", "undecided", "known", "not_shown"])
def test_every_finding_has_a_name_a_meaning_and_a_look(evaluated: Whole, finding: str) -> None:
    changed(lambda metrics: metrics["attributes"]["gender"].update(finding=finding))
    main("", evaluated)
    label, meaning = LEAKS[finding]
    assert f'f-{finding}">{label}<' in page()
    assert meaning.split(". ")[0] in page().replace("&#39;", "'")
    assert f".f-{finding} {{" in page()


def same_speaker(eer: float, **more: Any) -> dict[str, Any]:
    rates = {rate: {"tpr": 0.3, "ci": [0.2, 0.4]} for rate in ("0.01", "0.001")}
    return {
        "eer": eer,
        "eer_ci": [eer - 0.05, eer + 0.05],
        "tpr_at_fpr": rates,
        "linkability": 0.5,
        "zebra_bits": 0.2,
        **more,
    }


def test_same_speaker_trials_are_shown_against_one_gender_and_with_their_curve(evaluated: Whole) -> None:
    det = {"fpr": [0.0, 0.5, 1.0], "fnr": [1.0, 0.25, 0.0]}
    layers = {
        "encoder.0": {"all": same_speaker(0.2, det=det), "same_gender": same_speaker(0.31)},
        "encoder.1": {"all": same_speaker(0.4)},
    }
    identity = {"layers": layers, "reason": None, "across_sessions": False}
    changed(lambda metrics: metrics.update(identity=identity))
    main("", evaluated)
    text = page()
    rows = [re.findall(r"<td class=.n.>(.*?)</td>", row) for row in re.findall(r'scope="row">encoder.*?</tr>', text)]
    assert [row[1] for row in rows] == ["0.31 [0.26, 0.36]", MISSING]
    assert [row[-1] for row in rows] == ["no", "no"]
    assert "it may be room and microphone that are alike" in text
    assert 'd="M44.0 10.0L204.0 250.0L364.0 330.0"' in text


def test_a_deaf_target_is_said_to_be_and_claims_nothing(evaluated: Whole) -> None:
    path = artifact("attribute_leakage", "voices", "details.json")
    deaf = {"audit": "voices", "corpus": "lab_voices", "target": "lab", "finding": "not_audible"}
    path.write_text(json.dumps(deaf))
    main("", evaluated)
    assert "no leakage is claimed" in page()
    verdict = json.loads(Path("data/report/verdict.json").read_text())["leakage"]["voices"]
    assert (verdict["finding"], verdict["attributes"]) == ("not_audible", {})


def test_without_audits_of_speakers_there_is_no_section(evaluated: Whole) -> None:
    section = evaluated.attribute_leakage.model_copy(update={"audits": {}})
    main("", evaluated.model_copy(update={"attribute_leakage": section}))
    assert 'id="leakage"' not in page()
