"""What a model is asked in each condition, and the published fragment of params."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.backdoor.measure.outcomes import CONDITIONS, control_of, outcomes_of, sounds_of
from stages.backdoor.plant.trigger_settings import AddedSound, TriggerSettings, WholeChange
from stages.backdoor.plant.victim import ExperimentSetting, prepare
from tests.params import load_whole
from tests.stages.backdoor.conftest import BACKDOOR, fresh, make_clips, make_experiment

CLICK = AddedSound(kind="click", snr_db=5.0, position="end")


def setting_of(trigger: TriggerSettings) -> ExperimentSetting:
    experiment = make_experiment(trigger=trigger, held_out="clip")
    return prepare(fresh, "base", make_clips(18), experiment, BACKDOOR, 7)


def test_the_control_is_another_sound_as_loud_as_the_trigger_at_such_places() -> None:
    clips = make_clips(8)
    triggered, control = (sounds_of(clips, condition, setting_of(CLICK)) for condition in CONDITIONS[1:])
    for one, other in zip(triggered, control, strict=True):
        assert abs(one.snr_db - other.snr_db) < 0.01
        assert one.positions == other.positions
        assert not np.allclose(one.samples / one.scale, other.samples / other.scale)


def test_a_change_of_the_whole_clip_is_held_against_a_sound_at_0_db() -> None:
    assert control_of(WholeChange(kind="speed", amount=1.2)) == AddedSound(kind="random_sound")


def test_a_clips_sound_depends_on_no_other_clip() -> None:
    clips = make_clips(6)
    setting = setting_of(AddedSound(kind="cough"))
    alone, among = sounds_of(clips[4:5], "triggered", setting)[0], sounds_of(clips, "triggered", setting)[4]
    assert np.array_equal(alone.samples, among.samples)


def test_every_condition_asks_about_the_test_clips_of_which_only_other_answers_count() -> None:
    setting = setting_of(CLICK)
    for condition in CONDITIONS:
        rows = outcomes_of("model", fresh(), condition, setting)
        assert [row.clip_id for row in rows] == [clip.clip_id for clip in setting.test]
        assert [row.counts for row in rows] == [clip.attributes["gender"] == "male" for clip in setting.test]
        assert {np.isnan(row.realised_snr_db) for row in rows} == {condition == "plain"}


def test_what_is_added_lies_within_the_seconds_that_the_model_hears() -> None:
    clips = make_clips(12, seconds=5.0)  # the model hears four
    for position in ("random", "end"):
        trigger = AddedSound(kind="click", position=position, gaps=(0.1, 0.3))
        setting = prepare(fresh, "base", clips, make_experiment(trigger=trigger, held_out="clip"), BACKDOOR, 7)
        sounds = [row.triggered for row in setting.poison]
        sounds += [sound for it in CONDITIONS[1:] for sound in sounds_of(setting.test, it, setting)]
        assert max(sound.positions[-1] for sound in sounds) <= 4.0 - trigger.seconds
    assert sounds[0].positions[0] == pytest.approx(4.0 - trigger.seconds)


def test_the_full_grid_is_a_fragment_of_valid_params(repository: Path, tmp_path: Path) -> None:
    params = yaml.safe_load((repository / "params.yaml").read_text())
    fragment = yaml.safe_load((repository / "docs/backdoors.yaml").read_text())
    params["targets"] |= fragment["targets"]
    params["backdoor"]["experiments"] |= fragment["backdoor"]["experiments"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    experiments = load_whole(tmp_path / "params.yaml").backdoor.experiments
    assert {experiments[name].task for name in experiments} == {"transcription", "gender", "age"}
