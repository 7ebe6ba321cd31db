"""A place for the scripted target, with a folder, a record and a corpus of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from stages.core.artifacts import SCHEMAS, artifact, write_table
from stages.core.audio import RATE, audio_hash, decode_flac, encode_flac
from stages.core.params import Params
from stages.core.randomness import generator
from stages.target.adapter import ADAPTERS
from stages.target.record import write_record
from tests.stages.attribute_leakage.scripted import SCRIPT, Scripted, record

CLIPS, SPEAKERS = 40, 20
Ask = Callable[..., Params]


@pytest.fixture
def place(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a corpus of forty clips by twenty speakers, and the scripted target."""
    monkeypatch.chdir(tmp_path)
    # For this test alone: other tests count the families that are registered.
    monkeypatch.setitem(ADAPTERS._entries, "scripted", Scripted)
    SCRIPT.clear()
    SCRIPT["say"] = lambda query: "female"
    rows = []
    for number in range(CLIPS):
        flac = encode_flac(generator(7, "clip", number).normal(0, 0.1, RATE // 10).astype("float32"))
        rows.append(
            dict.fromkeys(SCHEMAS["clips"].names)
            | {
                "clip_id": f"c{number:02d}",
                "audio": flac,
                "audio_hash": audio_hash(decode_flac(flac)),
                "seconds": 0.1,
                "text": f"Words {number}.",
                "speaker": f"s{number % SPEAKERS}",
                "attributes": [("gender", "female" if number % 2 else "male")] if number < 36 else [],
            }
        )
    table = pa.Table.from_pylist(rows, SCHEMAS["clips"])
    write_table(artifact("corpus", "voices", "clips.parquet"), table, SCHEMAS["clips"])
    for name in ("target", "judge"):
        write_record(record(name))
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint/config.json").write_text(json.dumps({"model_type": "scripted"}))
    return tmp_path


@pytest.fixture
def ask(repository: Path) -> Ask:
    """Params with one audit, of the scripted target, and with changes to its section."""

    def make(**changes: Any) -> Params:
        content = yaml.safe_load((repository / "params.yaml").read_text())
        content |= {"targets": {}, "copies": {}, "audits": {}}
        model = {"model": "checkpoint", "revision": "none", "dtype": "float32"}
        content["targets"] = {"target": model, "judge": model}
        content["corpora"] = {"voices": {"split": "post_hoc", "member": "column"}}
        content["compute"]["workers"] = 1
        gender = {"question": "What is the speaker's gender?", "options": ["female", "male"]}
        content["attribute_leakage"] |= {
            "audits": {"voices": {"corpus": "voices", "target": "target"}},
            "attributes": {"gender": gender},
            "conditions": ["direct", "open", "privacy", "silence", "transcript"],
            "batch_size": 7,
            **changes,
        }
        return Params.model_validate(content)

    return make
