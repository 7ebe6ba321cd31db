"""What is derived from a corpus, what the record says, and that a forgotten speaker is left out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.corpus_commands import erasure_lines
from flows.dvc_objects import DvcObjects, drop_from_lock
from flows.forgetting import Erasure, derived, derived_places, is_below
from stages.core.store.forgotten import FORGOTTEN, ForgottenSpeakers, speaker_hash
from stages.core.store.jsonfile import write_json
from stages.corpus.listing import listed
from tests.flows.test_adding import write_recordings
from tests.params import Whole, load_whole, own_params


@pytest.fixture
def params(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    """Params in which much is derived from `mine`, in a folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text((repository / "dvc.yaml").read_text())
    copies: dict[str, Any] = {
        "half": {"base": "lab_base", "train_on": ["mine", "none"], "epochs": 1},
        "more": {"base": "half", "train_on": ["other", "none"], "epochs": 1},
        "clean": {"base": "lab_base", "train_on": ["other", "none"], "epochs": 1},
    }
    audits = {
        "own": {"corpus": "mine", "target": "clean", "reference": "none"},
        "of_copy": {"corpus": "other", "target": "clean", "reference": "more"},
        "apart": {"corpus": "other", "target": "clean", "reference": "none"},
    }
    content = own_params({"mine": "column", "other": "column"}, copies=copies, audits=audits)
    content["attribute_leakage"]["judge"] = "clean"
    content["attribute_leakage"]["audits"] = {"who": {"corpus": "mine", "target": "clean"}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    return load_whole()


def test_models_and_audits_are_derived_through_any_number_of_copies(params: Whole) -> None:
    assert derived("mine", params, params) == {  # type: ignore[arg-type]
        "corpora": {"mine"},
        "copies": {"half", "more"},
        "audits": {"own", "of_copy"},
        "attribute_leakage.audits": {"who"},
        "backdoor.experiments": set(),
    }


def test_places_are_those_of_the_graph_and_of_no_other_corpus(params: Whole) -> None:
    places = derived_places(derived("mine", params, params))  # type: ignore[arg-type]
    for gone in (
        "data/corpus/mine/clips.parquet",
        "data/perturbation/mine/neighbours.parquet",
        "data/evaluation/of_copy/verdict.json",
        "data/finetune/more/checkpoint/model.safetensors",
        "data/target/half/target.json",
        "data/attribute_leakage/who/answers.parquet",
        "data/environment/corpora/mine.json",
        "data/report/report.html",
        ".cache/rows/features/spectral/a.parquet",
    ):
        assert is_below(gone, places), gone
    for kept in ("data/corpus/other/clips.parquet", "data/evaluation/apart/verdict.json", "data/raw/mine/a.wav"):
        assert not is_below(kept, places), kept


def test_only_the_erased_stages_leave_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stage = "  {}:\n    cmd: {}\n    outs:\n    - path: data/{}\n      md5: aa\n"
    head = "schema: '2.0'\nstages:\n"
    Path("dvc.lock").write_text(head + "".join(stage.format(name, name, name) for name in ("a", "b@x", "c")))
    drop_from_lock(lambda path: path == "data/b@x")
    assert Path("dvc.lock").read_text() == head + "".join(stage.format(name, name, name) for name in ("a", "c"))


def test_a_version_that_is_known_only_as_an_input_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], check=True)
    hashes = {name: f"{number:032x}" for number, name in enumerate(("input", "output", "shared", "other"), 1)}
    for found in hashes.values():
        place = Path(".dvc/cache/files/md5", found[:2], found[2:])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"a voice")
    record = Path(".dvc/cache/runs/aa/aaaa/bbbb")
    record.parent.mkdir(parents=True)
    deps = [{"path": "data/corpus/mine/clips.parquet", "md5": hashes["input"]}, {"path": "b", "md5": hashes["other"]}]
    outs = [{"path": f"data/features/mine/{name}", "md5": hashes[name]} for name in ("output", "shared")]
    record.write_text(yaml.safe_dump({"cmd": "python", "deps": deps, "outs": outs}))
    kept = {"stages": {"features@other": {"outs": [{"path": "data/features/other/f", "md5": hashes["shared"]}]}}}
    Path("dvc.lock").write_text(yaml.safe_dump(kept))
    objects = DvcObjects()
    gone = objects.of(lambda path: path.split("/")[2:3] == ["mine"])
    assert gone == [hashes["input"], hashes["output"]]
    objects.remove(gone)
    assert not record.exists()
    left = {"".join(path.parts[-2:]) for path in Path(".dvc/cache/files").rglob("*") if path.is_file()}
    assert left == {hashes["shared"], hashes["other"]}


def test_a_forgotten_speaker_is_left_out_of_this_corpus_alone(params: Whole) -> None:
    for corpus in ("mine", "other"):
        write_recordings(Path("data/raw", corpus), member=True)
    record = {"corpus": "mine", "left_out": {"salt": "s", "speaker": speaker_hash("speaker0", "s")}}
    write_json(FORGOTTEN / "2026-01-01-mine.json", record)
    write_json(FORGOTTEN / "2026-01-02-mine.json", {"corpus": "mine", "left_out": None})
    assert "speaker0" in ForgottenSpeakers("mine")
    assert "speaker0" not in ForgottenSpeakers("other")
    found = listed("mine", params)
    assert {entry.speaker for entry in found.entries} == {"speaker1", None}
    assert "3 clips of forgotten speakers are left out (data/forgotten)" in found.notes
    assert len(listed("other", params).entries) == 6
    assert "speaker0" not in json.dumps(record)


def test_what_lies_behind_a_link_is_said_to_stay(tmp_path: Path) -> None:
    link, own = tmp_path / "recordings", tmp_path / "a.wav"
    (tmp_path / "outside").mkdir()
    link.symlink_to(tmp_path / "outside")
    own.touch()
    said = list(erasure_lines(Erasure("mine", "", {}, [], [], 1, own=[link, own])))
    assert f"removes {link} (the link alone: what lies in {tmp_path / 'outside'} stays)" in said
    assert f"removes {own}" in said
