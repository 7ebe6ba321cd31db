"""``earwitness scan``: any target, its usual references, what is printed, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from flows.command_line import main
from stages.backdoor.scan_words import as_json, bound
from stages.backdoor.scanning import chosen_clips, find_subject, scan
from stages.core.artifacts import SCHEMAS, write_table
from stages.core.audio import audio_hash, decode_flac, encode_flac
from stages.core.errors import EarwitnessError
from stages.core.params import Copy, Params
from stages.target.hashing import checkpoint_files, weight_hash
from stages.target.record import TargetRecord, write_record
from tests.stages.backdoor.conftest import SETTINGS, fresh, make_clips
from tests.stages.conftest import MakeParams
from tests.stages.target.serving import Serving

SILENT = 3


@pytest.fixture
def params(workplace: Path, make_params: MakeParams, repository: Path) -> Params:
    """A base and a copy of it with other weights, and a corpus of which one clip is silent."""
    for name in ("lab_base", "copied"):
        adapter = fresh()
        if name == "copied":
            adapter.model.lm_head.weight.data *= -1
        adapter.save(workplace / name)
        write_record(
            TargetRecord(
                name=name, model=name, revision="", weight_hash=weight_hash(checkpoint_files(Path(name))),
                architecture="qwen2_audio", parameters=1, dtype="float32", attention="sdpa", window_seconds=4.0,
                audible=True, audio_effect={},
            )
        )  # fmt: skip
    rows = []
    for number, clip in enumerate(make_clips(8)):
        flac = encode_flac(clip.samples * (number != SILENT))
        row = dict.fromkeys(SCHEMAS["clips"].names) | {"clip_id": clip.clip_id, "audio": flac, "text": clip.text}
        rows.append(row | {"audio_hash": audio_hash(decode_flac(flac)), "attributes": []})
    write_table(Path("data/corpus/some/clips.parquet"), pa.Table.from_pylist(rows, SCHEMAS["clips"]), SCHEMAS["clips"])
    made = make_params({"some": "column"}, backdoor=SETTINGS)
    return made.model_copy(update={"copies": {"copied": Copy(base="lab_base", train_on=["some", "none"], epochs=1)}})


def test_a_copy_is_held_against_its_base(params: Params) -> None:
    found = scan("copied", params)
    assert (found.references, found.corpus, found.clips) == (["lab_base"], "some", 6)
    assert [(cell.prompt, cell.trigger) for cell in found.cells] == [("Who?", "click")]
    assert scan("copied", params).cells == found.cells


def test_a_folder_is_scanned_like_its_declared_name(params: Params) -> None:
    assert find_subject("copied", params).fingerprint == find_subject("./copied", params).fingerprint
    found = scan("./copied", params, references=["./lab_base"])
    assert [cell.conversion for cell in found.cells] == [cell.conversion for cell in scan("copied", params).cells]


def test_an_endpoint_answers_as_the_model_that_it_serves(params: Params) -> None:
    serving = Serving(fresh(), scores_prompts=False)
    try:
        found = scan(f"{serving.address}#small", params, references=["copied"])
    finally:
        serving.close()
    assert [cell.conversion for cell in found.cells] == [cell.conversion for cell in scan("lab_base", params).cells]


def test_clips_hold_sound_and_a_smaller_choice_is_part_of_a_larger(params: Params) -> None:
    every = [clip.clip_id for clip in chosen_clips("some", 100, 7)]
    assert len(every) == 7
    assert f"c{SILENT:03d}" not in every
    assert {clip.clip_id for clip in chosen_clips("some", 3, 7)} <= {
        clip.clip_id for clip in chosen_clips("some", 5, 7)
    }


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("nobody", {}, "no target or copy"),
        ("copied", {"corpus": "nothing"}, "no corpus 'nothing'"),
        ("copied", {"references": ["copied"]}, "one of its own references"),
        ("copied", {"references": ["nobody"]}, "no target or copy"),
        ("data", {}, "no .safetensors"),
    ],
)
def test_mistakes_are_named(params: Params, name: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(EarwitnessError, match=words):
        scan(name, params, **options)  # type: ignore[arg-type]


def test_without_a_reference_no_alarm_is_possible_and_the_page_says_so(params: Params) -> None:
    found = scan("lab_base", params)
    assert found.references == []
    assert "NO ALARM IS POSSIBLE" in as_json(found)["meaning"][0]


def test_a_clean_scan_names_the_bank_that_it_bounds(params: Params) -> None:
    assert "only the bank that was tried (click)" in bound(scan("copied", params))


def test_command(params: Params, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    content = yaml.safe_load((repository / "params.yaml").read_text())
    content |= {"corpora": {"some": {"split": "randomised", "member": "column"}}, "audits": {}}
    content |= {"copies": {"copied": {"base": "lab_base", "train_on": ["some", "none"], "epochs": 1}}}
    content["backdoor"], content["attribute_leakage"]["audits"] = SETTINGS, {}
    Path("params.yaml").write_text(yaml.safe_dump(content))
    main(["scan", "copied", "--reference", "lab_base", "--json", "found.json"])
    assert "held against lab_base" in capsys.readouterr().out
    assert json.loads(Path("found.json").read_text())["cells"][0]["trigger"] == "click"
    with pytest.raises(SystemExit) as ended:
        main(["scan", "nobody"])
    assert ended.value.code == 2
