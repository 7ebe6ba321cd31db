"""What a model is asked in each condition, and the published fragment of params."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from stages.backdoor.outcomes import CONDITIONS, control_of, outcomes_of, sounds_of
from stages.backdoor.task import task_of
from stages.backdoor.trigger import check_trigger
from stages.core.backdoor_params import TriggerSettings
from stages.core.params import load_params
from tests.stages.backdoor.conftest import fresh, make_clips, make_experiment

CLICK = TriggerSettings(kind="click", snr_db=5.0, position="end")


def test_the_control_is_another_sound_as_loud_as_the_trigger_at_such_places() -> None:
    clips = make_clips(8)
    triggered, control = (sounds_of(clips, condition, CLICK, 7) for condition in CONDITIONS[1:])
    for one, other in zip(triggered, control, strict=True):
        assert abs(one.snr_db - other.snr_db) < 0.01
        assert one.positions == other.positions
        assert not np.allclose(one.samples / one.scale, other.samples / other.scale)


def test_a_change_of_the_whole_clip_is_held_against_a_sound_at_0_db() -> None:
    assert control_of(TriggerSettings(kind="speed", amount=1.2)) == TriggerSettings(kind="random_sound")


def test_a_clips_sound_depends_on_no_other_clip() -> None:
    clips = make_clips(6)
    alone = sounds_of(clips[4:5], "triggered", TriggerSettings(kind="cough"), 7)[0]
    among = sounds_of(clips, "triggered", TriggerSettings(kind="cough"), 7)[4]
    assert np.array_equal(alone.samples, among.samples)


def test_silent_clips_are_left_out_and_only_other_answers_count() -> None:
    clips = make_clips(6)
    clips[0] = replace(clips[0], samples=np.zeros_like(clips[0].samples))
    task = task_of(make_experiment())
    for condition in CONDITIONS:
        rows = outcomes_of("model", fresh(), clips, condition, task, CLICK, 3, 7)
        assert [row.clip_id for row in rows] == [f"c00{number}" for number in range(1, 6)]
        assert [row.counts for row in rows] == [False, True, False, True, False]
        assert {np.isnan(row.realised_snr_db) for row in rows} == {condition == "plain"}


def test_the_full_grid_is_a_fragment_of_valid_params(repository: Path, tmp_path: Path) -> None:
    params = yaml.safe_load((repository / "params.yaml").read_text())
    fragment = yaml.safe_load((repository / "docs/backdoors.yaml").read_text())
    params["targets"] |= fragment["targets"]
    params["backdoor"]["experiments"] |= fragment["backdoor"]["experiments"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    experiments = load_params(tmp_path / "params.yaml").backdoor.experiments
    assert {experiments[name].task for name in experiments} == {"transcription", "gender", "age"}
    for experiment in experiments.values():
        check_trigger(experiment.trigger)
