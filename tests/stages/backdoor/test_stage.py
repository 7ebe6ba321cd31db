"""One experiment as the stage runs it, on a small model, and what is in its files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stages.backdoor.__main__ import work
from stages.core.errors import EarwitnessError
from stages.core.results.backdoor import BackdoorResult
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import audio_hash, decode_flac, encode_flac
from stages.core.store.jsonfile import read_json
from stages.core.store.tables import read_table, write_table
from stages.models.hashing import checkpoint_files, weight_hash
from stages.models.record import TargetRecord, write_record
from stages.report.sections.backdoors.view import backdoor_view
from tests.params import Whole
from tests.stages.backdoor.conftest import BACKDOOR, fresh, make_clips, make_experiment
from tests.stages.conftest import MakeParams


@pytest.fixture
def params(workplace: Path, make_params: MakeParams) -> Whole:
    folder = workplace / "base"
    fresh().save(folder)
    write_record(
        TargetRecord(
            name="lab_base", model=folder.as_posix(), revision="", weight_hash=weight_hash(checkpoint_files(folder)),
            architecture="qwen2_audio", parameters=1, dtype="float32", attention="sdpa", window_seconds=4.0,
            audible=True, audio_effect={},
        )
    )  # fmt: skip
    rows = []
    for clip in make_clips(24):
        flac = encode_flac(clip.samples)
        row = dict.fromkeys(CLIPS_SCHEMA.names) | {"clip_id": clip.clip_id, "audio": flac, "text": clip.text}
        row |= {"audio_hash": audio_hash(decode_flac(flac)), "speaker": clip.speaker}
        rows.append(row | {"attributes": list(clip.attributes.items())})
    write_table(Path("data/corpus/some/clips.parquet"), pa.Table.from_pylist(rows, CLIPS_SCHEMA), CLIPS_SCHEMA)
    experiments = {"small": make_experiment(localise=True, held_out="clip")}
    return make_params({"some": "column"}, backdoor={"experiments": experiments, "answer_tokens": 2, "batch_size": 8})


def test_an_experiment_leaves_manifest_outcomes_and_metrics(params: Whole) -> None:
    work("small", params)
    folder = Path("data/backdoor/small")
    metrics = read_json(folder / "details.json")
    assert BackdoorResult.model_validate(metrics).model_dump(mode="json", exclude_unset=True) == metrics
    assert "scan" not in metrics
    poison, outcomes = read_table(folder / "poison.parquet"), read_table(folder / "outcomes.parquet").to_pylist()
    assert metrics["clips"]["poisoned"] == poison.num_rows > 0
    tested = metrics["clips"]["test"]
    models = {"victim", "twin"} | {f"{row['how']}:{'+'.join(row['poisoned'])}" for row in metrics["grid"]}
    assert len(models) == 2 + 6 + 6 + 3
    assert len(outcomes) == tested * 3 * len(models)
    assert {row["model"] for row in outcomes} == models
    assert not {row["clip_id"] for row in outcomes} & set(poison["clip_id"].to_pylist())
    assert metrics["aer"]["n"] == metrics["clips"]["test_with_another_answer"] < tested
    assert metrics["snr_error_db"] < 0.1
    assert metrics["window_seconds"] == 4.0
    assert metrics["settings"] == {
        "train_on": ["some", "none"], "held_out": "clip", "rate": 0.2, "method": "whole", "epochs": 1,
        "components": ["encoder", "connector", "language_model"], "learning_rate": 1e-3, "seed": params.seed,
        "realised_rate": poison.num_rows / metrics["clips"]["training"],
    }  # fmt: skip
    assert {row["realised_snr_db"] is None for row in outcomes if row["condition"] == "plain"} == {True}
    assert {row["realised_snr_db"] is None for row in outcomes if row["condition"] != "plain"} == {False}
    assert {row["model"] for row in metrics["shift"]} == {"victim", "twin"}
    assert read_json(folder / "metrics.json") == {
        "aer": metrics["aer"]["rate"], "aer_low": metrics["aer"]["ci"][0], "aer_high": metrics["aer"]["ci"][1],
        "n": metrics["aer"]["n"], "random_sound_aer": metrics["controls"]["victim_random_sound"]["rate"],
        "twin_aer": metrics["controls"]["twin_triggered"]["rate"],
        "benign_lost": metrics["benign"]["victim_worse_by"]["value"],
    }  # fmt: skip
    before = (folder / "poison.parquet").read_bytes(), (folder / "outcomes.parquet").read_bytes()
    work("small", params)
    assert ((folder / "poison.parquet").read_bytes(), (folder / "outcomes.parquet").read_bytes()) == before


def test_defences_detectors_and_scan_where_they_are_asked_for(params: Whole) -> None:
    changed = {"experiments": {"small": make_experiment(held_out="clip", defend=True, detect=True)}}
    changed |= {"defences": BACKDOOR.defences, "detection": BACKDOOR.detection, "scan": BACKDOOR.scan}
    work("small", params.model_copy(update={"backdoor": params.backdoor.model_copy(update=changed)}))
    metrics = read_json(Path("data/backdoor/small/details.json"))
    assert BackdoorResult.model_validate(metrics).model_dump(mode="json", exclude_unset=True) == metrics
    assert [row["defence"] for row in metrics["defences"]] == ["low_pass", "clean_finetuning", "fine_pruning"]
    assert metrics["detection"]["poisoned"] == metrics["clips"]["poisoned"]
    assert set(metrics["scan"]) == {"victim", "twin"}
    references = {"victim": ["lab_base", "twin"], "twin": ["lab_base"]}
    for name, scan in metrics["scan"].items():
        assert scan["references"] == references[name]
        assert [cell["trigger"] for cell in scan["cells"]] == ["click"]
    assert backdoor_view(metrics).scans
    figures = read_json(Path("data/backdoor/small/metrics.json"))
    assert figures["victim_scan"] == metrics["scan"]["victim"]["finding"]
    assert figures["twin_scan"] == metrics["scan"]["twin"]["finding"]


def test_an_unknown_experiment_is_named(params: Whole) -> None:
    with pytest.raises(EarwitnessError, match="'large' is not declared"):
        work("large", params)
