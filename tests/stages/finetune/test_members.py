"""Which clips a copy is trained on, and the stage from the command line on a small model."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import audio_hash, decode_flac, encode_flac
from stages.core.store.tables import write_table
from stages.finetune.members import member_queries, question_queries
from stages.lab_target.build import build_adapter
from stages.models.hashing import checkpoint_files, weight_hash


def clips(members: list[bool | None]) -> pa.Table:
    rows = []
    for number, member in enumerate(members):
        samples = np.random.default_rng(number).normal(0, 0.1, 8000).astype(np.float32)
        flac = encode_flac(samples)
        row: dict[str, Any] = dict.fromkeys(CLIPS_SCHEMA.names)
        row |= {"clip_id": f"c{number}", "audio": flac, "audio_hash": audio_hash(decode_flac(flac))}
        rows.append(row | {"text": f"Number {number}.", "member": member, "attributes": []})
    return pa.Table.from_pylist(rows, CLIPS_SCHEMA)


def write_corpus(name: str, table: pa.Table) -> None:
    write_table(Path("data/corpus", name, "clips.parquet"), table, CLIPS_SCHEMA)


def test_only_known_members_are_taken(workplace: Path) -> None:
    write_corpus("some", clips([True, False, None, True]))
    queries = member_queries(["some"])
    assert [query.text for query in queries] == ["Number 0.", "Number 3."]
    assert all(query.audio_hash == audio_hash(query.samples) for query in queries)
    assert {query.instruction for query in queries} == {"Transcribe the speech."}


def test_a_corpus_without_members_gives_none(workplace: Path) -> None:
    write_corpus("some", clips([False, None]))
    assert member_queries(["some"]) == []


def test_corpora_may_share_ids(workplace: Path) -> None:
    write_corpus("some", clips([True]))
    other = clips([False, True]).slice(1)
    write_corpus("other", other.set_column(0, "clip_id", pa.array(["c0"])))
    queries = member_queries(["some", "other"])
    assert [query.audio_hash for query in queries] == [audio_hash(query.samples) for query in queries]
    assert len({query.audio_hash for query in queries}) == 2


def test_questions_are_about_every_labelled_clip_plainly_and_with_options(workplace: Path) -> None:
    table = clips([True, False, None, True, None])
    labels = [[("gender", value)] if value else [] for value in ("male", "female", "", "male", "female")]
    table = table.set_column(
        table.column_names.index("attributes"),
        "attributes",
        pa.array(labels, CLIPS_SCHEMA.field("attributes").type),
    )
    write_corpus("some", table)
    queries = question_queries(["some"], {"gender": "Which gender?"})
    assert [query.text for query in queries] == ["male", "female", "male", "female"]
    assert [query.instruction for query in queries] == [
        "Which gender?",
        "Which gender? Answer with one of: female, male.",
        "Which gender?",
        "Which gender? Answer with one of: male, female.",
    ]
    assert question_queries(["some"], {"accent": "Which accent?"}) == []


@pytest.fixture
def trainable(tmp_path: Path, repository: Path) -> Path:
    """A small base, a corpus of four members, and a copy to be trained on them."""
    content: dict[str, Any] = yaml.safe_load((repository / "params.yaml").read_text())
    content["copies"] = {"copy": {"base": "lab_base", "train_on": ["lab_trained", "none"], "epochs": 6}}
    content["audits"] = {}
    content["attribute_leakage"]["audits"] = {}
    content["finetune"] |= {"method": "whole", "batch_size": 2}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    folder = tmp_path / "data/lab_target/checkpoint"
    build_adapter(7).save(folder)
    record = {"name": "lab_base", "model": "data/lab_target/checkpoint", "revision": "", "architecture": "qwen2_audio"}
    record |= {"weight_hash": weight_hash(checkpoint_files(folder)), "parameters": 1, "dtype": "float32"}
    record |= {"attention": "sdpa", "window_seconds": 4.0, "audible": True, "audio_effect": {}}
    (tmp_path / "data/target/lab_base").mkdir(parents=True)
    (tmp_path / "data/target/lab_base/target.json").write_text(json.dumps(record))
    table = clips([True, False, True, True, None, True])
    write_table(tmp_path / "data/corpus/lab_trained/clips.parquet", table, CLIPS_SCHEMA)
    return tmp_path


def start(folder: Path, repository: Path, copy: str = "copy") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "stages.finetune", "--copy", copy]
    environment = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_copy_is_trained_and_recorded(trainable: Path, repository: Path) -> None:
    process = start(trainable, repository)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    losses = list(csv.DictReader((trainable / "data/finetune/copy/loss.csv").open()))
    assert [int(row["step"]) for row in losses] == list(range(12))  # 4 members, 2 a batch, 6 epochs
    assert float(losses[-1]["loss"]) < float(losses[0]["loss"])
    record = json.loads((trainable / "data/target/copy/target.json").read_text())
    base = json.loads((trainable / "data/target/lab_base/target.json").read_text())
    assert record["weight_hash"] != base["weight_hash"]
    assert record["model"] == "data/finetune/copy/checkpoint"

    shutil.rmtree(trainable / "data/finetune")
    assert start(trainable, repository).wait(timeout=120) == 0
    assert json.loads((trainable / "data/target/copy/target.json").read_text()) == record


def test_an_undeclared_copy_is_one_line_and_status_2(trainable: Path, repository: Path) -> None:
    process = start(trainable, repository, copy="other")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.strip().count("\n") == 0
    assert "copies: 'other' is not declared" in errors


@pytest.mark.slow
def test_a_killed_training_leaves_nothing_half_written(trainable: Path, repository: Path) -> None:
    params = yaml.safe_load((trainable / "params.yaml").read_text())
    params["copies"]["copy"]["epochs"] = 400
    (trainable / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    process = start(trainable, repository)
    state = trainable / ".cache/checkpoints"
    deadline = time.monotonic() + 120
    while not list(state.glob("*/state.pt")) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (trainable / "data/finetune").exists()
    assert start(trainable, repository).wait(timeout=300) == 0
    losses = list(csv.DictReader((trainable / "data/finetune/copy/loss.csv").open()))
    assert len(losses) == 800
