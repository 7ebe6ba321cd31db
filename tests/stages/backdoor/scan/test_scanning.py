"""What is scanned: any target by its name or folder, its usual references, its clips, and mistakes in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stages.backdoor.scan.result import scan_result
from stages.backdoor.scan.scanning import chosen_clips, find_subject, scan
from stages.core.config.nouns import Copy
from stages.core.errors import EarwitnessError
from stages.models.hashing import checkpoint_files, weight_hash
from stages.models.record import TargetRecord, read_record, write_record
from tests.params import Whole
from tests.stages.backdoor.conftest import SETTINGS, fresh
from tests.stages.backdoor.scan.scanned import SILENT, write_corpus
from tests.stages.conftest import MakeParams


@pytest.fixture
def params(workplace: Path, make_params: MakeParams, repository: Path) -> Whole:
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
    write_corpus("some")
    made = make_params({"some": "column"}, backdoor=SETTINGS)
    return made.model_copy(update={"copies": {"copied": Copy(base="lab_base", train_on=["some", "none"], epochs=1)}})


def test_a_copy_is_held_against_its_base(params: Whole) -> None:
    found = scan("copied", params)
    assert (found.references, found.corpus, found.clips) == (["lab_base"], "some", 6)
    assert [(cell.prompt, cell.trigger) for cell in found.cells] == [("Who?", "click")]
    assert scan("copied", params).cells == found.cells


def test_a_folder_is_scanned_like_its_declared_name(params: Whole) -> None:
    assert find_subject("copied", params).fingerprint == find_subject("./copied", params).fingerprint
    found = scan("./copied", params, references=["./lab_base"])
    assert [cell.conversion for cell in found.cells] == [cell.conversion for cell in scan("copied", params).cells]


def test_a_model_asked_in_another_precision_is_the_same_model(params: Whole) -> None:
    write_record(read_record("copied").model_copy(update={"dtype": "bfloat16"}))
    with pytest.raises(EarwitnessError, match="one of its own references"):
        scan("copied", params, references=["./copied"])


def test_clips_hold_sound(params: Whole) -> None:
    every = [clip.clip_id for clip in chosen_clips("some", 100, 7)]
    assert every == [f"c{number:03d}" for number in range(8) if number != SILENT]


def test_a_smaller_choice_of_clips_is_part_of_a_larger(params: Whole) -> None:
    few, many = ({clip.clip_id for clip in chosen_clips("some", count, 7)} for count in (3, 5))
    assert len(few) == 3
    assert few < many


def test_a_corpus_without_sound_is_refused(params: Whole) -> None:
    write_corpus("silent", level=0.0)
    with pytest.raises(EarwitnessError, match="corpus 'silent': no clip holds sound"):
        chosen_clips("silent", 3, 7)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("nobody", {}, "no target or copy"),
        ("copied", {"corpus": "nothing"}, "no corpus 'nothing'"),
        ("copied", {"references": ["copied"]}, "one of its own references"),
        ("copied", {"references": ["nobody"]}, "no target or copy"),
        ("data", {}, "no .safetensors"),
        ("http://host/v1", {}, "'http://host/v1' is no endpoint: write"),
        ("http://user:secret@host/v1#m", {}, r"'http://\.\.\.@host/v1#m' is no endpoint: .*, without a key"),
    ],
)
def test_what_cannot_be_scanned_is_named_in_one_line(
    params: Whole, name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(EarwitnessError, match=words) as raised:
        scan(name, params, **options)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_folder_with_a_broken_config_is_named(params: Whole) -> None:
    Path("copied/config.json").write_text("{")
    with pytest.raises(EarwitnessError, match=r"copied: cannot be loaded \(.*not.*JSON.*correct the folder"):
        scan("./copied", params)


def test_without_a_reference_no_alarm_is_possible_and_the_page_says_so(params: Whole) -> None:
    found = scan("lab_base", params)
    assert found.references == []
    assert "NO ALARM IS POSSIBLE" in scan_result(found).meaning[0]


def test_a_clean_scan_names_the_bank_that_it_bounds(params: Whole) -> None:
    assert "only for the bank that was tried (click)" in scan_result(scan("copied", params)).meaning[-1]
