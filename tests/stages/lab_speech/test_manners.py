"""Corpora of who speaks and how: voices of their own, as often calm as excited, nobody a member."""

from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from stages.lab_speech.manifest import clip_row, merged
from stages.lab_speech.manners import MANNERS, in_manner
from stages.lab_speech.params import LabCorpus, LabSpeech, RecordingCondition
from stages.lab_speech.plan import plan
from stages.lab_speech.synthesis import speak_block
from stages.lab_speech.voices import lab_voices

QUIET = RecordingCondition(noisy_share=0.0, snr_db=(20, 0), telephone=False)
PLAIN = {"fragments": 0.0, "member": "quiet", "non_member": "quiet"}


def lab(clips: int = 96) -> LabSpeech:
    corpora = {
        "who": LabCorpus(share=0, clips=clips, first_voice=24, manners=True, **PLAIN),
        "plain": LabCorpus(share=1, clips=40, **PLAIN),
    }
    return LabSpeech(voices=24, conditions={"quiet": QUIET}, corpora=corpora)


def test_every_voice_is_new_and_as_often_calm_as_excited() -> None:
    clips = plan("who", lab(), 7)
    counts = Counter((clip.voice.name, clip.manner) for clip in clips)
    assert {name for name, _ in counts} == {f"voice_{number:03d}" for number in range(24, 48)}
    assert set(counts.values()) == {2}
    assert {clip.member for clip in clips} == {None}
    assert {clip.voice.name for clip in plan("plain", lab(), 7)}.isdisjoint({name for name, _ in counts})


def test_the_first_of_two_is_not_always_calm_and_more_clips_change_none() -> None:
    clips = plan("who", lab(), 7)
    assert 8 < sum(clip.manner == "calm" for clip in clips[::2]) < 40
    assert plan("who", lab(48), 7) == clips[:48]


def test_the_manifest_says_the_manner_where_there_is_one() -> None:
    row = clip_row(plan("who", lab(), 7)[0])
    assert row["manner"] in MANNERS
    assert row["member"] == ""
    assert "manner" not in clip_row(plan("plain", lab(), 7)[0])
    assert merged([row], [])[0]["manner"] == row["manner"]


def test_excited_speech_is_faster_and_the_voice_the_same() -> None:
    voice = lab_voices(30)[27]
    calm, excited = (in_manner(voice, manner) for manner in ("calm", "excited"))
    assert (calm.name, calm.gender) == (excited.name, excited.gender) == (voice.name, voice.gender)
    slow, fast = speak_block([("Anna buys the apple today.", calm), ("Anna buys the apple today.", excited)])
    assert len(fast) < 0.85 * len(slow)
    assert np.isfinite(fast).all()


def test_manners_go_with_no_draw_of_members() -> None:
    with pytest.raises(ValidationError, match="manners"):
        LabCorpus(share=0, clips=8, manners=True, voices_each=2, member_by="text", **PLAIN)
