"""The table of verdicts."""

from pathlib import Path

import pytest

from flows.bench import as_text as timings_text
from flows.verdicts import BLIND_COLUMNS, COLUMNS, as_text, blind_rows, corpus_notes, interval, verdict_row
from stages.core.config.nouns import Params
from stages.core.results.flat import Headlines
from stages.core.store.jsonfile import artifact, write_json
from stages.core.words.figures import MISSING
from tests.params import own_params
from tests.summaries import summary_of

HEADLINES: Headlines = {
    "finding": "unresolved",
    "grade": "post_hoc",
    "attack": None,
    "attack_auc": None,
    "blind_auc": None,
}


def test_the_best_of_the_primary_attacks_is_shown() -> None:
    best: Headlines = {"attack": "zlib", "attack_auc": 0.72, "attack_auc_low": 0.66, "attack_auc_high": 0.78}
    row = verdict_row("mine", "ours", HEADLINES | best)
    assert (row["best primary attack"], row["attack AUC"]) == ("zlib", "0.72 [0.66, 0.78]")
    assert row["blind AUC"] == MISSING


def test_without_a_primary_attack_there_is_none() -> None:
    assert verdict_row("mine", "ours", HEADLINES)["best primary attack"] == "none"


def test_interval() -> None:
    assert interval({"auc": 0.5, "auc_low": 0.444, "auc_high": 0.556}, "auc") == "0.50 [0.44, 0.56]"
    assert interval({"auc": 0.5, "auc_low": None, "auc_high": None}, "auc") == "0.50"
    assert interval({"auc": None}, "auc") == MISSING


def test_the_table_is_aligned() -> None:
    lines = as_text([verdict_row("mine", "ours", HEADLINES)]).splitlines()
    assert len(lines) == 2
    assert [word in lines[0] for word in COLUMNS] == [True] * len(COLUMNS)
    assert lines[1].index("unresolved") == lines[0].index("finding")


def test_seconds_per_stage_are_sorted_and_cached_ones_marked() -> None:
    stages = {
        "environment": {"seconds": 0.4, "cached": False},
        "logits@mine": {"seconds": 31.26, "cached": True},
        "old": {"seconds": None, "cached": True},
    }
    text = timings_text({"seconds": 12.3, "stages": stages})
    assert [line.split()[0] for line in text.splitlines()[:3]] == ["logits@mine", "environment", "old"]
    assert "31.3 s  cached in the last run" in text
    assert text.endswith("last run of the graph: 12.3 s, 2 of 3 stages cached")


def test_corpora_without_an_audit_show_their_blind_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = own_params(dict.fromkeys(["audited", "alone", "unknown", "unrun"], "column"))
    content["audits"] = {"alone": {"corpus": "audited", "target": "lab_base", "reference": "none"}}
    params = Params.model_validate(content)
    figures = {"blind_auc": 0.9, "blind_auc_low": 0.85, "blind_auc_high": 0.95, "n": 60, "speakers": 6}
    for name in ("audited", "alone"):
        write_json(artifact("blind_baseline", name, "metrics.json"), figures)
    write_json(artifact("blind_baseline", "unknown", "metrics.json"), figures | {"n": 0, "blind_auc": None})
    row = dict(zip(BLIND_COLUMNS, ("alone", "randomised", "60", "6", "0.90 [0.85, 0.95]"), strict=True))
    assert blind_rows(params) == [row]
    assert blind_rows(params, ["alone"]) == []  # the name of an audit stands for the audit
    (unknown,) = blind_rows(params, ["unknown"])
    assert unknown["blind AUC"] == MISSING
    assert as_text([]) == ""


def test_what_is_noteworthy_about_a_corpus_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = Params.model_validate(own_params(dict.fromkeys(["sound", "lacking", "other", "unread"], "column")))
    for name, counts in (("sound", {}), ("lacking", {"unknown_speakers": 300}), ("other", {"blank_transcripts": 1})):
        summary = summary_of(corpus=name, **counts)
        write_json(artifact("corpus", name, "summary.json"), summary.plain())
    notes = [f"list {index} was read" for index in range(7)]
    write_json(artifact("corpus", "lacking", "details.json"), {"notes": notes})
    assert corpus_notes(params, {"sound", "lacking", "unread"}) == [
        "lacking: 300 clips; all of unknown speakers",
        *(f"lacking: {note}" for note in notes[:5]),
        "lacking: and 2 more notes",
    ]
