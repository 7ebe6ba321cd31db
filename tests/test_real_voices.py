"""Real voices with ground truth: memory is found in a copy trained on a random half of the recordings, not in the base.

The test does what `docs/calibrate.md` describes for recordings of one's own, with the real stages, in a clone.
"""

import contextlib
import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from flows.environment import process_environment
from stages.core.sound.audio import decode, to_pipeline
from stages.core.store.csvfile import read_csv
from stages.core.store.jsonfile import read_json
from stages.lab_target.build import build_adapter
from stages.lab_target.lessons import lessons
from stages.models.adapter import Query
from stages.models.checkpoint import save_checkpoint
from stages.models.training import Recipe, shuffled_batches, train, training_key
from tests.conftest import copy_working_tree

pytestmark = pytest.mark.slow

VOICES = ("commonvoice_en", "commonvoice_multi")
OTHER_VOICES = ("librispeech_testother", "librispeech_tc100_3spk", "emodb")
WINDOW_SECONDS = 10
BASE_EPOCHS = 2
COPY_EPOCHS = 12
PARAMS: dict[str, Any] = {
    "corpora": {"voices": {"split": "randomised", "member": "random_half"}},
    "targets": {"base": {"model": "models/base", "revision": "none", "dtype": "float32"}},
    "copies": {"taught": {"base": "base", "train_on": ["voices", "none"], "epochs": COPY_EPOCHS}},
    "perturbation": {
        "neighbours": {
            "noise": {"count": 1, "snr_db": [15.0, 25.0]},
            "swap_words": {"count": 1, "swaps": 1},
        }
    },
    "audits": {
        "taught": {"corpus": "voices", "target": "taught", "reference": "base"},
        "untouched": {"corpus": "voices", "target": "base", "reference": "none"},
    },
}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory, repository: Path, speech: Path) -> Path:
    """A clone with both Common Voice sets as one corpus, the base and its copy, after `dvc repro` of two audits."""
    clone = tmp_path_factory.mktemp("voices") / "clone"
    copy_working_tree(repository, clone)
    with contextlib.chdir(clone):
        params = yaml.safe_load(Path("params.yaml").read_text())
        params["attribute_leakage"]["audits"] = {}
        Path("params.yaml").write_text(yaml.safe_dump(params | PARAMS, sort_keys=False))
        join_corpora([speech / name for name in VOICES], Path("data/raw/voices"))
        make_base([speech / name for name in OTHER_VOICES], Path("models/base"))
        goals = [f"evaluation@{name}" for name in PARAMS["audits"]]
        command = [sys.executable, "-m", "dvc", "repro", *goals]
        done = subprocess.run(command, capture_output=True, text=True, env=process_environment())
        assert done.returncode == 0, done.stderr[-2000:]
    return clone


def join_corpora(sources: list[Path], folder: Path) -> None:
    """Bring several corpora under one manifest, their folders linked beside it."""
    folder.mkdir(parents=True)
    columns = ("clip_id", "path", "text", "speaker")
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for source in sources:
            (folder / source.name).symlink_to(source)
            for row in read_csv(source / "manifest.csv"):
                writer.writerow([row["clip_id"], f"{source.name}/{row['path']}", row["text"], row["speaker"]])


def make_base(sources: list[Path], folder: Path) -> None:
    """Train a base with a window of ten seconds for a short while on other real voices."""
    adapter = build_adapter(7, WINDOW_SECONDS)
    queries = [query for source in sources for query in transcriptions(source)]
    lengths = [len(query.samples) for query in queries]
    batches = shuffled_batches([range(len(queries))] * BASE_EPOCHS, lengths, 8, torch.Generator().manual_seed(7))
    recipe = Recipe(1.5e-3, "whole", 7)
    train(adapter, queries, batches, recipe, training_key(adapter, "voices", queries, batches, recipe))
    save_checkpoint(adapter, folder)


def transcriptions(source: Path) -> list[Query]:
    heard = []
    for row in read_csv(source / "manifest.csv"):
        if row["text"]:
            samples, rate, _ = decode(source / row["path"])
            heard.append(lessons(to_pipeline(samples, rate), {"text": row["text"]})[0])
    return heard


def verdict(clone: Path, audit: str) -> dict[str, Any]:
    return dict(read_json(clone / "data/evaluation" / audit / "verdict.json"))


def test_the_copy_that_was_taught_is_found_out(audited: Path) -> None:
    found = verdict(audited, "taught")
    assert found["finding"] == "memorised", found["reasons"]
    assert found["grade"] == "randomised"


def test_the_base_that_heard_none_of_them_is_not(audited: Path) -> None:
    assert verdict(audited, "untouched")["finding"] in ("not_detected", "underpowered"), verdict(audited, "untouched")


def test_chance_divided_both_sets(audited: Path) -> None:
    clips = read_json(audited / "data/evaluation/taught/details.json")["clips"]
    assert abs(clips["member"] - clips["non_member"]) <= 1
    assert clips["speakers"] > 50
