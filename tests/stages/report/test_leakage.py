"""What the page shows of an audit of speakers."""

import json
import re
from pathlib import Path

from stages.core.artifacts import artifact
from stages.core.params import Params
from stages.report.__main__ import main


def page() -> str:
    return re.sub(r"\s+", " ", Path("data/report/report.html").read_text())


def test_outcomes_intervals_silence_privacy_and_layers_are_shown(evaluated: Params) -> None:
    main("", evaluated)
    text = page()
    assert "0.94 [0.10, 0.90]" in text
    assert "[0.05, 0.95]" in text
    assert "refusals go from 0.00 to 0.68 (p &lt; 0.001)" in text
    assert "12 female, 4 male, 0 refused, 0 unparsed" in text
    assert "gender is read best at encoder.1, 0.90 [0.80, 0.95]" in text
    assert "Nobody&#39;s recordings were compared" in text or "Nobody's recordings were compared" in text
    assert text.index('<th scope="row">direct') < text.index('<th scope="row">privacy') < text.index("transcript</th>")


def test_a_deaf_target_is_said_to_be_and_claims_nothing(evaluated: Params) -> None:
    path = artifact("attribute_leakage", "voices", "metrics.json")
    deaf = {"audit": "voices", "corpus": "lab_voices", "target": "lab", "finding": "not_audible"}
    path.write_text(json.dumps(deaf))
    main("", evaluated)
    assert "no leakage is claimed" in page()
    verdict = json.loads(Path("data/report/verdict.json").read_text())["leakage"]["voices"]
    assert (verdict["finding"], verdict["attributes"]) == ("not_audible", {})


def test_without_audits_of_speakers_there_is_no_section(evaluated: Params) -> None:
    section = evaluated.attribute_leakage.model_copy(update={"audits": {}})
    main("", evaluated.model_copy(update={"attribute_leakage": section}))
    assert 'id="leakage"' not in page()
