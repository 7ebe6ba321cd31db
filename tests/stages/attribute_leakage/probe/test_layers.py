"""The stage on a scripted target that shows layers, and on one that shows none or crashes: what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch

from stages.attribute_leakage.__main__ import work
from stages.core.errors import EarwitnessError
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table, write_table
from stages.models.adapter import Query
from tests.stages.attribute_leakage.conftest import Ask
from tests.stages.attribute_leakage.scripted import SCRIPT

Layers = Callable[[Query], dict[str, torch.Tensor]]


def run(params: Any) -> dict[str, Any]:
    work("voices", params)
    found: dict[str, Any] = read_json(artifact("attribute_leakage", "voices", "details.json"))
    return found


def clips() -> list[dict[str, Any]]:
    return read_table(artifact("corpus", "voices", "clips.parquet")).to_pylist()


def genders() -> dict[str, str]:
    return {row["audio_hash"]: dict(row["attributes"]).get("gender", "") for row in clips()}


def speaking_of(gender: dict[str, str]) -> Layers:
    """Layers of which one dimension is the gender, the others noise of the clip."""

    def layers(query: Query) -> dict[str, torch.Tensor]:
        noise = torch.randn(6, generator=torch.Generator().manual_seed(int(query.audio_hash[:8], 16)))
        noise[0] += 8.0 * (gender[query.audio_hash] == "female")
        return {"encoder.input": noise, "encoder.0": noise}

    return layers


def test_what_a_layer_holds_and_no_answer_tells_is_known(place: Path, ask: Ask) -> None:
    SCRIPT["layers"] = speaking_of(genders())
    metrics = run(ask())
    gender = metrics["attributes"]["gender"]
    assert gender["finding"] == "known"
    assert gender["probes"]["best"]["layer"] == "encoder.0"
    assert gender["probes"]["reason"] is None
    assert metrics["layers"] == {"clips": 40, "failed": 0, "failure": None}
    assert metrics["speakers_note"] is None
    trials = metrics["identity"]["layers"]
    assert read_json(artifact("attribute_leakage", "voices", "metrics.json")) == {
        "n": 40, "gender_finding": "known", "gender_read": gender["probes"]["best"]["balanced_accuracy"],
        "gender_told": gender["conditions"]["direct"]["free"]["balanced_accuracy"],
        "eer": trials["encoder.0"]["all"]["eer"],
    }  # fmt: skip
    assert {name: "det" in kinds["all"] for name, kinds in trials.items()} == {
        "encoder.input": False,
        "encoder.0": True,
    }
    rows = read_table(artifact("attribute_leakage", "voices", "probes.parquet")).to_pylist()
    assert {row["layer"] for row in rows} == {"encoder.input", "encoder.0", "transcript"}


def test_without_the_transcript_condition_nothing_is_said_to_be_the_voice_s(place: Path, ask: Ask) -> None:
    own = genders()
    SCRIPT["say"] = lambda query: own.get(query.audio_hash) or "female"
    gender = run(ask(conditions=["direct", "silence"]))["attributes"]["gender"]
    assert gender["finding"] == "undecided"
    assert any("not compared with the words alone" in reason for reason in gender["reasons"])


def test_a_corpus_whose_terms_forbid_it_is_not_told_apart(place: Path, ask: Ask) -> None:
    SCRIPT["layers"] = speaking_of(genders())
    metrics = run(ask(identity={"exclude": ["voices"]}))
    assert metrics["identity"]["layers"] == {}
    assert "terms forbid" in metrics["identity"]["reason"]


def test_a_target_without_layers_is_not_said_to_hold_nothing(place: Path, ask: Ask) -> None:
    gender = run(ask())["attributes"]["gender"]
    assert (gender["finding"], gender["probes"]["best"]) == ("not_shown", None)
    assert gender["probes"]["reason"] == "the target shows no layers"
    assert gender["reasons"][-1] == "no layer was read: the target shows no layers"


def test_a_target_that_crashes_on_every_clip_ends_the_run(place: Path, ask: Ask) -> None:
    def say(query: Query) -> str:
        raise RuntimeError("no kernel for this")

    SCRIPT["say"] = say
    with pytest.raises(EarwitnessError, match=r"target 'target': all 288 .* failed.*RuntimeError: no kernel for this"):
        run(ask())
    assert not artifact("attribute_leakage", "voices", "details.json").exists()


def test_layers_that_crash_are_counted_with_their_reason(place: Path, ask: Ask) -> None:
    shown, first = speaking_of(genders()), clips()[0]["audio_hash"]

    def layers(query: Query) -> dict[str, torch.Tensor]:
        if query.audio_hash == first or SCRIPT.get("broken"):
            raise RuntimeError("too deep")
        return shown(query)

    SCRIPT["layers"], SCRIPT["broken"] = layers, True
    metrics = run(ask())
    assert metrics["layers"] == {"clips": 0, "failed": 40, "failure": "RuntimeError: too deep"}
    assert metrics["identity"]["reason"] == "reading the layers failed on all 40 clips: RuntimeError: too deep"
    assert "failed on all 40" in metrics["attributes"]["gender"]["reasons"][-1]
    SCRIPT["broken"] = False
    assert run(ask())["layers"] == {"clips": 39, "failed": 1, "failure": "RuntimeError: too deep"}


def rewritten(**columns: Callable[[int], Any]) -> None:
    rows = [row | {name: of(at) for name, of in columns.items()} for at, row in enumerate(clips())]
    table = pa.Table.from_pylist(rows, CLIPS_SCHEMA)
    write_table(artifact("corpus", "voices", "clips.parquet"), table, CLIPS_SCHEMA)


def test_nothing_is_told_of_one_speaker(place: Path, ask: Ask) -> None:
    rewritten(speaker=lambda at: "somebody")
    own = genders()
    SCRIPT["say"] = lambda query: own.get(query.audio_hash) or "female"
    SCRIPT["layers"] = speaking_of(own)
    metrics = run(ask())
    gender = metrics["attributes"]["gender"]
    assert gender["finding"] == "not_shown"
    assert "one speaker" in gender["reasons"][0]
    assert "fewer than two speakers have the label female" in gender["probes"]["reason"]
    assert metrics["speakers_note"] == "one speaker only: nothing follows about other people"


def test_unknown_speakers_are_said_to_be(place: Path, ask: Ask) -> None:
    rewritten(speaker=lambda at: None if at < 5 else f"s{at}")
    SCRIPT["layers"] = speaking_of(genders())
    metrics = run(ask())
    assert metrics["speakers_note"] == "5 clips without a speaker: each counts as a speaker of its own"
    assert metrics["attributes"]["gender"]["probes"]["note"] == metrics["speakers_note"]


def test_after_reasoning_options_are_told_apart_and_the_reasoning_is_left_out(place: Path, ask: Ask) -> None:
    run(ask(conditions=["direct", "chain_of_thought"]))
    rows = read_table(artifact("attribute_leakage", "voices", "answers.parquet")).to_pylist()
    forced = [row for row in rows if row["way"] == "constrained"]
    for row in forced:
        reasons = row["condition"] == "chain_of_thought"
        assert (row["tokens"] is None, row["by_mean"] is None) == (reasons, reasons)
        assert (max(row["log_probabilities"]) == 0.0) == reasons
        assert row["answer"] == row["options"][row["log_probabilities"].index(max(row["log_probabilities"]))]
