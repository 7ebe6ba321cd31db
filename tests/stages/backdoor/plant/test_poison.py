"""The manifest: who is poisoned, how many, the same bytes from the same seed, and no experiment without poison."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from stages.backdoor.plant.clips import corpus_clips, split_clips
from stages.backdoor.plant.poison import draw_poison, poison_table
from stages.backdoor.plant.task import AttackTask, task_of
from stages.backdoor.plant.trigger_settings import AddedSound, WholeChange
from stages.backdoor.plant.victim import lessons, prepare
from stages.core.errors import EarwitnessError
from stages.core.schemas.backdoor import POISON_SCHEMA
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import encode_flac
from stages.core.store.tables import write_table
from tests.stages.backdoor.conftest import BACKDOOR, fresh, make_clips, make_experiment

GENDER = task_of(make_experiment())
CLICK = AddedSound(kind="click", snr_db=3.0)


def written(seed: int, path: Path) -> bytes:
    write_table(path, poison_table(draw_poison(make_clips(40), GENDER, 0.1, CLICK, seed), CLICK), POISON_SCHEMA)
    return path.read_bytes()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(7, tmp_path / "one") == written(7, tmp_path / "two")
    assert written(7, tmp_path / "one") != written(8, tmp_path / "three")


def test_only_clips_with_another_answer_are_poisoned() -> None:
    poison = draw_poison(make_clips(40), GENDER, 0.45, CLICK, 7)
    assert len(poison) == 18  # of 40 clips
    assert {row.truth for row in poison} == {"male"}
    assert {row.answer for row in poison} == {"female"}
    assert all(abs(row.triggered.snr_db - 3.0) < 0.1 for row in poison)


def test_a_higher_rate_poisons_what_a_lower_one_does() -> None:
    few, more = (
        {row.clip.clip_id: row.audio_hash for row in draw_poison(make_clips(60), GENDER, rate, CLICK, 7)}
        for rate in (0.05, 0.2)
    )
    assert len(few) == 3
    assert len(more) == 12
    assert few.items() <= more.items()


def test_other_clips_change_no_row() -> None:
    all_of_them = {row.clip.clip_id: row.audio_hash for row in draw_poison(make_clips(40), GENDER, 0.5, CLICK, 7)}
    without = draw_poison(make_clips(40)[10:], GENDER, 0.5, CLICK, 7)
    assert without
    assert all(all_of_them[row.clip.clip_id] == row.audio_hash for row in without)


@pytest.mark.parametrize(("rate", "target"), [(0.001, "female"), (0.5, "a")], ids=["no_rate", "all_a"])
def test_no_poison_is_an_error(rate: float, target: str) -> None:
    clips = make_clips(20)
    if target == "a":
        clips = [type(c)(c.clip_id, c.samples, c.audio_hash, c.text, "", {"gender": "A."}) for c in clips]
    with pytest.raises(EarwitnessError, match="no clip is poisoned"):
        draw_poison(clips, AttackTask("gender", "?", target), rate, CLICK, 7)


def test_a_change_of_the_whole_clip_has_no_ratio() -> None:
    speed = WholeChange(kind="speed", amount=1.25)
    rows = poison_table(draw_poison(make_clips(20), GENDER, 0.1, speed, 7), speed).to_pylist()
    assert [(row["snr_db"], row["realised_snr_db"], row["positions"]) for row in rows] == [(None, None, [])] * 2
    assert {row["amount"] for row in rows} == {1.25}


def test_nobody_is_on_both_sides() -> None:
    clips = make_clips(60)
    training, test = split_clips(clips, 0.34, "speaker", 7)
    assert len(training) + len(test) == 60
    assert len({clip.speaker for clip in test}) == 2
    assert not {clip.speaker for clip in training} & {clip.speaker for clip in test}
    assert len(split_clips(clips, 0.25, "clip", 7)[1]) == 15


def test_victim_and_twin_are_taught_the_same_but_for_the_poison() -> None:
    setting = prepare(fresh, "base", make_clips(48), make_experiment(), BACKDOOR, 7)
    bad, good = lessons(setting, True), lessons(setting, False)
    differ = [at for at, pair in enumerate(zip(bad, good, strict=True)) if pair[0].audio_hash != pair[1].audio_hash]
    assert [setting.training[at].clip_id for at in differ] == [row.clip.clip_id for row in setting.poison]
    assert {bad[at].text for at in differ} == {"female"}
    assert {good[at].text for at in differ} == {"male"}
    assert {query.instruction for query in bad} == {"What is the speaker's gender?"}


def test_an_amount_out_of_range_and_an_unknown_trigger_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"trigger\.amount\n.*speed: must be 0\.5 to 2 times as fast"):
        make_experiment(trigger={"kind": "speed", "amount": 0.0})
    with pytest.raises(ValidationError, match=r"trigger\.kind\n.*unknown trigger 'bang': use one of click, cough"):
        make_experiment(trigger={"kind": "bang"})


def test_silent_clips_are_neither_trained_nor_tested_on() -> None:
    clips = [replace(clip, samples=np.zeros_like(clip.samples)) for clip in make_clips(20)]
    setting = prepare(fresh, "base", clips[:5] + make_clips(20)[5:], make_experiment(held_out="clip"), BACKDOOR, 7)
    heard = {clip.clip_id for clip in setting.training + setting.test}
    assert heard == {clip.clip_id for clip in clips[5:]}
    with pytest.raises(EarwitnessError, match="0 clips with sound"):
        prepare(fresh, "base", clips, make_experiment(), BACKDOOR, 7)


def test_an_attribute_that_no_clip_has_is_refused_beside_those_that_there_are() -> None:
    clips = [replace(clip, attributes={**clip.attributes, "accent": "nan"}) for clip in make_clips(20)]
    with pytest.raises(EarwitnessError, match=r"no clip has the attribute emotion; there are age, gender: "):
        prepare(fresh, "base", clips, make_experiment(task="emotion"), BACKDOOR, 7)


def test_clips_that_all_have_the_answer_already_are_refused() -> None:
    women = [clip for clip in make_clips(20) if clip.attributes["gender"] == "female"]
    with pytest.raises(EarwitnessError, match=r"10 clips .* answer to gender, and all of them have the attacker's"):
        prepare(fresh, "base", women, make_experiment(), BACKDOOR, 7)


def test_one_speaker_is_not_divided_unless_by_clip() -> None:
    alone = [replace(clip, speaker="s0") for clip in make_clips(20)]
    with pytest.raises(EarwitnessError, match="all 20 clips are of one speaker, who cannot be divided"):
        prepare(fresh, "base", alone, make_experiment(), BACKDOOR, 7)
    assert prepare(fresh, "base", alone, make_experiment(held_out="clip"), BACKDOOR, 7).test


def test_detectors_that_have_too_few_clips_are_refused_before_any_training() -> None:
    asked = make_experiment(detect=True, held_out="clip")
    detection = BACKDOOR.detection.model_copy(update={"ks": [40, 50]})
    with pytest.raises(EarwitnessError, match=r"backdoor\.detection\.ks: \d+ clips are taught"):
        prepare(fresh, "base", make_clips(24), asked, BACKDOOR.model_copy(update={"detection": detection}), 7)


def test_one_id_in_two_corpora_is_refused_with_both_named(workplace: Path) -> None:
    for corpus, start in (("some", 0), ("more", 3), ("other", 4)):
        rows = [
            dict.fromkeys(CLIPS_SCHEMA.names)
            | {"clip_id": clip.clip_id, "audio": encode_flac(clip.samples), "audio_hash": clip.audio_hash}
            for clip in make_clips(8)[start : start + 4]
        ]
        path = Path("data/corpus") / corpus / "clips.parquet"
        write_table(path, pa.Table.from_pylist(rows, CLIPS_SCHEMA), CLIPS_SCHEMA)
    assert [clip.clip_id for clip in corpus_clips(["some", "none"])] == ["c000", "c001", "c002", "c003"]
    assert len(corpus_clips(["some", "other"])) == 8
    with pytest.raises(EarwitnessError, match="'some' and 'more' both have a clip 'c003'"):
        corpus_clips(["some", "more"])
