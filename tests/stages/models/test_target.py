"""Pinning and checking a target: files, audibility, and the stage's quick look."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from stages.core.config.nouns import TargetModel
from stages.core.errors import EarwitnessError
from stages.core.store.codeversion import stage_code
from stages.core.store.jsonfile import read_json, write_json
from stages.models.audibility import audio_effect, is_audible
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.hashing import checkpoint_files, weight_hash
from stages.models.places import find

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_audio_changes_what_a_model_says(adapter: Qwen2AudioAdapter) -> None:
    effect = audio_effect(adapter, 7)
    assert set(effect) == {"swapped", "silent", "shuffled"}
    assert is_audible(effect, 0.001)
    assert effect == audio_effect(adapter, 7)


def test_a_model_that_does_not_hear_is_found(adapter: Qwen2AudioAdapter) -> None:
    with torch.no_grad():
        adapter.model.model.multi_modal_projector.linear.weight.zero_()
    effect = audio_effect(adapter, 7)
    assert max(effect.values()) < 1e-6
    assert not is_audible(effect, 0.001)


def test_one_deaf_condition_is_enough() -> None:
    assert not is_audible({"swapped": 1.0, "silent": 1.0, "shuffled": 0.0}, 0.001)


def test_the_hash_follows_content_and_name(checkpoint: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    same = weight_hash(checkpoint_files(checkpoint))
    assert weight_hash(checkpoint_files(copy)) == same
    (copy / "model.safetensors").write_bytes((copy / "model.safetensors").read_bytes()[:-1] + b"\x01")
    assert weight_hash(checkpoint_files(copy)) != same


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EarwitnessError, match=r"holds no \.safetensors"):
        checkpoint_files(tmp_path)


def declared(model: str, revision: str) -> TargetModel:
    return TargetModel(model=model, revision=revision, dtype="float32")


@pytest.mark.parametrize(
    ("model", "revision", "message"),
    [
        ("nowhere", "none", r"targets\.mine\.model: no folder 'nowhere'"),
        ("some/model", "main", r"targets\.mine\.revision: 'main' pins nothing"),
        ("here", "main", r"targets\.mine\.revision: here is a folder"),
    ],
)
def test_what_pins_nothing_is_refused(
    model: str, revision: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    with pytest.raises(EarwitnessError, match=message):
        find("mine", declared(model, revision))


def test_a_folder_under_models_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models/mine").mkdir(parents=True)
    assert find("mine", declared("mine", "none")).folder == Path("models/mine")


@pytest.fixture
def run(tmp_path: Path, repository: Path, checkpoint: Path) -> Run:
    """The stage from the command line, in a folder of its own that holds the small model."""
    content: dict[str, Any] = yaml.safe_load((repository / "params.yaml").read_text())
    content["targets"] = {"small": {"model": "small", "revision": "none", "dtype": "float32"}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    shutil.copytree(checkpoint, tmp_path / "models/small")

    def call(*options: str, target: str = "small") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *options, "-m", "stages.target", "--target", target]
        environment = {"PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return call


def test_the_record_is_kept_until_the_weights_change(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "data/target/small/target.json"
    first = run()
    assert first.returncode == 0, first.stderr
    record = read_json(path)
    assert record["architecture"] == "qwen2_audio"
    assert record["window_seconds"] == 4.0
    assert record["audible"] is True
    written = path.stat().st_mtime_ns

    second = run("-X", "importtime")
    assert second.returncode == 0
    assert " torch" not in second.stderr
    assert path.stat().st_mtime_ns == written

    memory = tmp_path / ".cache/target/small.json"
    known = read_json(memory)
    code, libraries = known["code"]
    assert any(version.startswith("transformers==") for version in libraries)
    assert code == stage_code("target")
    assert "stages.models.families.qwen2_audio" in code
    write_json(memory, known | {"code": [code, ["transformers==0"]]})
    assert "hashing and checking" in run().stdout

    weights = tmp_path / "models/small/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\x3f")
    assert run().returncode == 0
    assert read_json(path)["weight_hash"] != record["weight_hash"]


def test_an_undeclared_target_is_one_line_and_status_2(run: Run, tmp_path: Path) -> None:
    done = run(target="other")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "'other' is not declared" in done.stderr
    assert not (tmp_path / "data").exists()
