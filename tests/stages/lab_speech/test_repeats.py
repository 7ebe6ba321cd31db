"""Corpora in which voices repeat sentences: what tells members from non-members is the text alone, or the binding."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from stages.core.errors import EarwitnessError
from stages.lab_speech.params import LabCorpus, LabSpeech, RecordingCondition
from stages.lab_speech.plan import LabClip, plan

QUIET = RecordingCondition(noisy_share=0.0, snr_db=(20, 0), telephone=False)


def planned(
    clips: int = 480, seed: int = 7, other_voices: float = 0.0, voices_each: int = 4, by: str = "text"
) -> list[LabClip]:
    settings = {"share": 1, "fragments": 0.0, "member": "quiet", "non_member": "quiet", "member_by": by}
    corpus = LabCorpus.model_validate(
        settings | {"clips": clips, "other_voices": other_voices, "voices_each": voices_each}
    )
    return plan("a", LabSpeech(voices=24, conditions={"quiet": QUIET}, corpora={"a": corpus}), seed)


def texts(clips: list[LabClip], member: bool) -> set[str]:
    return {clip.text for clip in clips if clip.member is member}


def test_by_text_a_sentence_is_a_member_in_all_its_voices() -> None:
    clips = planned(voices_each=16)
    assert len(texts(clips, True)) == len(texts(clips, False)) == 15
    assert not texts(clips, True) & texts(clips, False)
    assert set(Counter(clip.text for clip in clips).values()) == {16}
    assert len({(clip.text, clip.voice.name) for clip in clips}) == 480


def test_by_binding_sentences_and_voices_are_on_both_sides_alike() -> None:
    clips = planned(by="binding")
    assert texts(clips, True) == texts(clips, False)
    sides = [Counter(clip.voice.name for clip in clips if clip.member is member) for member in (True, False)]
    assert sides[0] == sides[1]
    said = [Counter(clip.text for clip in clips if clip.member is member) for member in (True, False)]
    assert said[0] == said[1]
    pairs = [{(clip.text, clip.voice.name) for clip in clips if clip.member is member} for member in (True, False)]
    assert len(pairs[0] | pairs[1]) == 480


def test_a_counterfactual_is_in_a_voice_that_did_not_say_the_sentence() -> None:
    clips = planned(voices_each=16, other_voices=0.5)
    said = {(clip.text, clip.voice.name) for clip in clips if clip.member is not None}
    again = [clip for clip in clips if clip.member is None]
    assert again
    assert not {(clip.text, clip.voice.name) for clip in again} & said


@pytest.mark.parametrize("by", ["text", "binding"])
def test_more_clips_leave_the_others_as_they_were_and_another_seed_does_not(by: str) -> None:
    assert planned(96, by=by)[:40] == planned(40, by=by)
    assert planned(40, by=by) != planned(40, 8, by=by)


@pytest.mark.parametrize(("by", "voices_each"), [("binding", 3), ("text", 1), ("clip", 2)])
def test_designs_that_cannot_be_are_refused(by: str, voices_each: int) -> None:
    with pytest.raises(ValidationError, match="member_by"):
        planned(by=by, voices_each=voices_each)


def test_more_voices_than_there_are() -> None:
    with pytest.raises(EarwitnessError, match=r"lab_speech\.corpora\.a\.voices_each: is more than the 24 voices"):
        planned(voices_each=24, other_voices=0.5)
