"""The lab's plan: what is drawn depends on the seed and the clip's number alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import EarwitnessError
from stages.lab_speech.manifest import clip_row
from stages.lab_speech.params import LabCorpus, LabSpeech, RecordingCondition
from stages.lab_speech.plan import plan
from stages.lab_speech.sentences import SENTENCES, sentence
from stages.lab_speech.voices import lab_voices

QUIET = RecordingCondition(noisy_share=0.0, snr_db=(20, 0), telephone=False)


def lab(**clips: int) -> LabSpeech:
    corpora = {
        name: LabCorpus(share=share, clips=count, fragments=0.0, member="quiet", non_member="loud")
        for share, (name, count) in enumerate(clips.items())
    }
    return LabSpeech(voices=24, conditions={"quiet": QUIET, "loud": QUIET}, corpora=corpora)


def test_ten_more_clips_leave_the_others_as_they_were() -> None:
    assert plan("a", lab(a=50, b=10), 7)[:40] == plan("a", lab(a=40, b=10), 7)


def test_a_corpus_does_not_depend_on_which_others_there_are() -> None:
    settings = lab(a=20, b=20)
    alone = settings.model_copy(update={"corpora": {"b": settings.corpora["b"]}})
    assert plan("b", alone, 7) == plan("b", settings, 7)


def test_another_seed_draws_another_plan() -> None:
    assert plan("a", lab(a=20), 7) != plan("a", lab(a=20), 8)


def test_a_pair_of_clips_has_one_member() -> None:
    clips = plan("a", lab(a=100), 3)
    assert all(first.member != second.member for first, second in zip(clips[::2], clips[1::2], strict=True))
    assert 10 < sum(clip.member for clip in clips[::2]) < 40  # a fair coin: 25 +- 3.5


def test_the_side_has_its_condition() -> None:
    assert all(clip.condition == ("quiet" if clip.member else "loud") for clip in plan("a", lab(a=20), 7))


def test_no_two_clips_of_the_lab_share_sentence_and_voice() -> None:
    sizes = lab(a=400, b=400, c=400)
    said = Counter((clip.text, clip.voice.name) for corpus in "abc" for clip in plan(corpus, sizes, 7))
    assert max(said.values()) == 1


def test_voices_do_not_tell_members() -> None:
    clips = plan("a", lab(a=2000), 7)
    members = Counter(clip.voice.name for clip in clips if clip.member)
    # 2000 / 24 / 2 = 41.7 members a voice, deviation 6.3: four deviations
    assert len(members) == 24
    assert all(16 < count < 67 for count in members.values())


@settings(max_examples=10, deadline=None)
@given(st.integers(min_value=0, max_value=2**31))
def test_ids_are_ordered_and_unique(seed: int) -> None:
    ids = [clip.clip_id for clip in plan("a", lab(a=12), seed)]
    assert ids == sorted(set(ids))
    assert ids[0] == "a_00000"


def test_an_unknown_condition_is_named() -> None:
    broken = LabSpeech(
        voices=24,
        conditions={"quiet": QUIET},
        corpora={"a": LabCorpus(share=0, clips=2, fragments=0.0, member="quiet", non_member="loud")},
    )
    with pytest.raises(EarwitnessError, match=r"lab_speech\.corpora\.a: unknown condition 'loud'"):
        plan("a", broken, 7)


def test_an_undeclared_corpus_is_named() -> None:
    with pytest.raises(EarwitnessError, match=r"lab_speech\.corpora\.z: is not declared"):
        plan("z", lab(a=2), 7)


def test_more_clips_than_pairs_are_refused() -> None:
    with pytest.raises(EarwitnessError, match="ask for at most"):
        plan("a", lab(a=1_000_000), 7)


def test_the_grammar_has_tens_of_thousands_of_sentences() -> None:
    assert SENTENCES >= 20_000
    assert len({sentence(index) for index in range(SENTENCES)}) == SENTENCES
    assert sentence(0) == "Anna buys the red apple today."


def test_voices_are_balanced_and_distinct() -> None:
    voices = lab_voices(24)
    assert Counter(voice.gender for voice in voices) == {"female": 12, "male": 12}
    assert Counter(voice.age for voice in voices) == {"child": 8, "adult": 8, "senior": 8}
    assert Counter(voice.accent for voice in voices) == dict.fromkeys(
        ("american", "british", "caribbean", "scottish"), 6
    )
    sounds = {(v.language, v.variant, v.pitch, v.words_per_minute, v.formants) for v in voices}
    assert len(sounds) == 24


def test_a_voice_does_not_depend_on_how_many_there_are() -> None:
    assert lab_voices(48)[:24] == lab_voices(24)


def test_fragments_say_one_slot_of_what_the_sentence_would_have_said() -> None:
    whole = plan("a", lab(a=200), 7)
    settings = lab(a=200)
    corpora = {"a": settings.corpora["a"].model_copy(update={"fragments": 0.4})}
    mixed = plan("a", settings.model_copy(update={"corpora": corpora}), 7)
    cut = [
        (clip.text, sentence.text) for clip, sentence in zip(mixed, whole, strict=True) if clip.text != sentence.text
    ]
    assert 50 < len(cut) < 110  # 80 are expected
    assert all(fragment[:-1].lower() in sentence.lower() for fragment, sentence in cut)


def test_other_voices_say_the_same_on_neither_side_and_change_nothing_else() -> None:
    settings = lab(a=60)
    asked = settings.corpora["a"].model_copy(update={"other_voices": 0.5})
    plain, more = (
        plan("a", settings.model_copy(update={"corpora": {"a": c}}), 7) for c in (settings.corpora["a"], asked)
    )
    assert more[:60] == plain
    again = more[60:]
    assert 15 < len(again) < 45  # half of them, by a fair coin: 30 +- 3.9
    by_id = {clip.clip_id: clip for clip in plain}
    for clip in again:
        original = by_id[clip.like]
        assert (clip.text, clip.condition) == (original.text, original.condition)
        assert clip.voice != original.voice
        assert clip.member is None
        assert clip_row(clip)["member"] == ""
    assert len({clip.clip_id for clip in more}) == len(more)
