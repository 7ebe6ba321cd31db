"""Which clips are asked about and with which options; a corpus that fits no question is said so."""

import pytest

from stages.attribute_leakage.ask.plan import plan
from stages.attribute_leakage.ask.subjects import SpeakerClip, options_of
from stages.attribute_leakage.params import Attribute, AttributeLeakage, IdentityExclusions
from stages.core.errors import EarwitnessError

GENDER = Attribute(question="Which gender?", options=["female", "male"])
AGE = Attribute(question="How old?", options=[])


def subject(number: int, **labels: str) -> SpeakerClip:
    return SpeakerClip(f"c{number}", f"hash{number}", f"Text {number}.", f"s{number % 3}", "", labels)


CLIPS = [subject(n, gender="female" if n % 2 else "male", **({"age": f"{n % 3}0s"} if n < 6 else {})) for n in range(9)]


def asked(**changes: object) -> AttributeLeakage:
    content = {
        "audits": {},
        "attributes": {"gender": GENDER, "age": AGE},
        "conditions": ["direct", "open", "silence", "transcript"],
        "silence_seconds": [0.5, 1.0],
        "generated_tokens": 8,
        "batch_size": 4,
        "judge": "none",
        "identity": IdentityExclusions(exclude=[]),
    }
    return AttributeLeakage.model_validate(content | changes)


def test_options_come_from_params_or_else_from_the_corpus() -> None:
    found = options_of("x", CLIPS, {"gender": GENDER, "age": AGE, "accent": AGE})
    assert found == {"gender": ("female", "male"), "age": ("00s", "10s", "20s")}


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"accent": AGE}, "labels of none of accent"),
        ({"gender": Attribute(question="?", options=["man", "woman"])}, "has the value 'female'"),
    ],
)
def test_a_corpus_that_fits_no_question_is_an_error(attributes: dict[str, Attribute], says: str) -> None:
    with pytest.raises(EarwitnessError, match=says):
        options_of("x", CLIPS, attributes)


def test_a_column_of_names_is_no_question() -> None:
    many = [subject(n, name=f"n{n}") for n in range(30)]
    with pytest.raises(EarwitnessError, match="30 values"):
        options_of("x", many, {"name": AGE})


def test_only_labelled_clips_are_asked_about_and_silences_once_a_rotation() -> None:
    settings = asked()
    asks = plan(
        CLIPS, options_of("x", CLIPS, settings.attributes), dict.fromkeys([s.clip_id for s in CLIPS], 160), settings, 7
    )
    direct = [ask for ask in asks if ask.condition == "direct"]
    assert sum(ask.attribute == "gender" for ask in direct) == 9
    assert sum(ask.attribute == "age" for ask in direct) == 6
    silences = [ask for ask in asks if ask.condition == "silence"]
    assert len(silences) == 2 * (2 + 3)
    assert len({(ask.heard.audio_hash, ask.prompt) for ask in silences}) == len(silences)
    assert {ask.label for ask in silences} == {None}


def test_conditions_differ_in_what_they_say() -> None:
    settings = asked()
    asks = plan(CLIPS[:1], {"gender": ("female", "male")}, {"c0": 160}, settings, 7)
    by = {ask.condition: ask for ask in asks}
    assert "Answer with one of" not in by["open"].prompt.instruction
    assert "Text 0." in by["transcript"].prompt.instruction
    assert (by["transcript"].heard.samples, by["transcript"].heard.clip_id) == (160, "")
    assert by["direct"].heard.clip_id == "c0"


def test_the_order_of_options_is_the_clip_s_own() -> None:
    settings = asked()
    lengths = {subject.clip_id: 160 for subject in CLIPS}
    every = plan(CLIPS, {"gender": ("female", "male")}, lengths, settings, 7)
    alone = plan(CLIPS[4:5], {"gender": ("female", "male")}, lengths, settings, 7)
    first = {(ask.clip_id, ask.condition): ask.options for ask in every if ask.label}
    assert {first[ask.clip_id, ask.condition] == ask.options for ask in alone if ask.label} == {True}
    assert len(set(first.values())) == 2
