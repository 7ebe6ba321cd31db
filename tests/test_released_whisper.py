"""The released Whisper on real speech: its record, an audit without a claim, and a copy that has memorised.

The tests run the real stages in a clone. They need recordings and weights that the repository does not hold.
"""

import contextlib
import csv
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.environment import process_environment
from stages.core.store.csvfile import read_csv
from stages.core.store.jsonfile import read_json
from tests.conftest import copy_working_tree

pytestmark = pytest.mark.slow

MEMBERS, NON_MEMBERS = "librispeech_tc100_3spk", "librispeech_testother"
HALVED = {"commonvoice_en": 58, "librispeech_testother": 60, "librispeech_tc100_3spk": 12}
"""Clips of each source in the corpus that chance divides. A side needs 60 clips."""
EPOCHS = 3
SETTINGS: dict[str, dict[str, Any]] = {
    "perturbation": {"neighbours": {"swap_words": {"count": 1, "swaps": 1}}},
    "fidelity_detector": {"kinds": ["text"]},
    "finetune": {"learning_rate": 0.0001, "batch_size": 2},
}
"""Neighbours that change the words alone: Whisper encodes 30 s for each sound, however short it is."""
CORPORA = {
    "readers": {"split": "post_hoc", "member": "column"},
    "halved": {"split": "randomised", "member": "random_half"},
}
COPIES = {"taught": {"base": "whisper", "train_on": ["halved", "none"], "epochs": EPOCHS}}
AUDITS = {
    "readers": {"corpus": "readers", "target": "whisper", "reference": "none"},
    "untouched": {"corpus": "halved", "target": "whisper", "reference": "none"},
    "taught": {"corpus": "halved", "target": "taught", "reference": "whisper"},
}
NO_CLAIM = ("confounded", "unresolved", "underpowered")
LOSS = "loss/transcript/given/0"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, repository: Path, speech: Path, released_whisper: Path) -> Path:
    """A clone with two corpora of real speech and the released Whisper as a target."""
    clone = tmp_path_factory.mktemp("whisper") / "clone"
    copy_working_tree(repository, clone)
    with contextlib.chdir(clone):
        params = yaml.safe_load(Path("params.yaml").read_text())
        params["attribute_leakage"]["audits"] = {}
        for section, change in SETTINGS.items():
            params[section] |= change
        target = {"model": released_whisper.as_posix(), "revision": "none", "dtype": "float32"}
        params |= {"corpora": CORPORA, "targets": {"whisper": target}, "copies": COPIES, "audits": AUDITS}
        Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        write_corpus("readers", [(speech / name, 1000, name == MEMBERS) for name in (MEMBERS, NON_MEMBERS)])
        write_corpus("halved", [(speech / name, clips, None) for name, clips in HALVED.items()])
    return clone


def write_corpus(name: str, sources: Iterable[tuple[Path, int, bool | None]]) -> None:
    """Bring the first clips of several folders under one manifest, the folders linked beside it."""
    folder = Path("data/raw", name)
    folder.mkdir(parents=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["clip_id", "path", "text", "speaker", *(["member"] if name == "readers" else [])])
        for source, clips, member in sources:
            (folder / source.name).symlink_to(source)
            for row in list(read_csv(source / "manifest.csv"))[:clips]:
                cells = [row["clip_id"], f"{source.name}/{row['path']}", row["text"], row["speaker"]]
                writer.writerow([*cells, *([] if member is None else [member])])


def audited(clone: Path, audit: str) -> dict[str, Any]:
    """Bring an audit up to date, and return what it found."""
    with contextlib.chdir(clone):
        command = [sys.executable, "-m", "dvc", "repro", f"evaluation@{audit}"]
        done = subprocess.run(command, capture_output=True, text=True, env=process_environment())
        assert done.returncode == 0, done.stderr[-2000:]
        found = dict(read_json(Path("data/evaluation", audit, "details.json")))
    print(audit, found["verdict"], found["attacks"][LOSS]["auc"], found["blind"]["fused"])
    return found


def test_the_record_states_the_word_error_rate_and_parts_of_librispeech_support_no_claim(clone: Path) -> None:
    found = audited(clone, "readers")
    spoken = read_json(clone / "data/target/whisper/target.json")["spoken"]
    assert spoken["sentences"] == spoken["scored"] == 8
    assert spoken["word_error_rate"] < 0.1
    assert spoken["right_text_gain"] > 2
    assert found["attacks"][LOSS]["auc"] > 0.7, "an attack without a baseline would claim memory"
    assert found["verdict"]["finding"] in NO_CLAIM, found["verdict"]["reasons"]


def test_whisper_has_not_memorised_a_random_half(clone: Path) -> None:
    found = audited(clone, "untouched")
    assert found["verdict"]["finding"] in ("not_detected", "underpowered"), found["verdict"]["reasons"]


def test_a_copy_that_was_trained_on_a_random_half_has(clone: Path) -> None:
    found = audited(clone, "taught")
    assert found["verdict"]["finding"] == "memorised", found["verdict"]["reasons"]
    assert found["verdict"]["grade"] == "randomised"
    assert min(found["clips"]["member"], found["clips"]["non_member"]) >= 60
