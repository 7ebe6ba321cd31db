"""What may be said of an attribute: each word where it holds, and nowhere else."""

from typing import Any

import numpy as np

from stages.attribute_leakage.weigh.finding import finding
from stages.attribute_leakage.weigh.gap import best_read
from stages.attribute_leakage.weigh.measures import Answers
from stages.core.results.leakage import AttributeFinding

SPEAKERS, EACH = 24, 4


def answers(outcomes: list[str], speakers: int = SPEAKERS) -> Answers:
    count = len(outcomes)
    return Answers(
        np.array([f"c{at:03d}" for at in range(count)]),
        np.array(outcomes, dtype=str),
        np.array(["a", "b"] * (count // 2)),
        np.array([outcome == "unparsed" for outcome in outcomes]),
        np.arange(count, dtype=np.intp) % speakers,
    )


def right(share: float, otherwise: str = "wrong", speakers: int = SPEAKERS, clips: int = SPEAKERS * EACH) -> Answers:
    """Answers of which so many are right, spread over the speakers."""
    order = np.random.default_rng(3).permutation(clips)
    return answers(["correct" if at < share * clips else otherwise for at in order], speakers)


def found(probes: list[dict[str, Any]] | None = None, unread: str | None = None, **cells: Answers) -> AttributeFinding:
    """The finding on cells that are named condition__way."""
    placed = {("x", *name.split("__")): of_cell for name, of_cell in cells.items()}
    return finding("x", {(a, b, c): of_cell for (a, b, c), of_cell in placed.items()}, 0.5, probes or [], unread)


def probe(layer: str, accuracy: float, kind: str = "audio") -> dict[str, Any]:
    return {
        "layer": layer,
        "probe": kind,
        "balanced_accuracy": accuracy,
        "low": accuracy - 0.05,
        "low_corrected": accuracy - 0.08,
        "chance": 0.5,
    }


def test_what_is_said_from_the_voice_and_not_from_the_words_is_told() -> None:
    assert found(direct__free=right(0.95), transcript__free=right(0.5)).finding == "told"


def test_without_the_words_nothing_is_said_to_be_the_voice_s() -> None:
    alone = found(direct__free=right(0.95), direct__constrained=right(0.95))
    assert alone.finding == "undecided"
    assert any("not compared with the words alone" in reason for reason in alone.reasons)


def test_a_refused_transcript_is_beaten_by_nobody() -> None:
    refused = right(0.0, "refused")
    assert found(direct__free=right(0.95), transcript__free=refused).finding == "undecided"
    # The other way of the words knows as much as the voice.
    both = found(direct__free=right(0.95), transcript__free=refused, transcript__constrained=right(0.95))
    assert both.finding == "words"
    ignorant = found(direct__free=right(0.95), transcript__free=refused, transcript__constrained=right(0.5))
    assert ignorant.finding == "told"


def test_words_that_are_answered_on_some_clips_are_compared_on_these() -> None:
    some = ["correct"] * 40 + ["refused"] * 56
    assert found(direct__free=right(0.95), transcript__free=answers(some)).finding == "undecided"


def test_few_speakers_do_not_make_words_as_good_as_the_voice() -> None:
    voice = answers(["correct"] * 147 + ["wrong"] * 3, 3)
    # Of three speakers the words tell a fifth, half and four fifths: no significant difference, and no finding.
    words = answers(
        ["correct" if at // 3 < told else "wrong" for at in range(150) for told in [(10, 25, 40)[at % 3]]], 3
    )
    made = found(direct__free=voice, transcript__free=words)
    assert made.finding == "undecided"
    assert any("not shown that the words alone tell it" in reason for reason in made.reasons)


def test_the_comparison_with_words_is_held_to_the_number_of_ways_tried() -> None:
    voice, words = right(0.95), right(0.89)
    alone = found(direct__free=voice, transcript__free=words)
    assert alone.finding == "told"
    nothing = {f"{name}__{way}": right(0.5) for name in ("open", "privacy", "chain_of_thought") for way in WAYS}
    among = found(direct__free=voice, direct__constrained=right(0.5), transcript__free=words, **nothing)
    assert among.finding == "words"


WAYS = ("free", "constrained")


def test_probabilities_that_tell_what_is_not_said_have_a_word_of_their_own() -> None:
    silent = right(0.0, "refused")
    made = found(
        direct__free=silent,
        direct__constrained=right(0.95),
        transcript__free=silent,
        transcript__constrained=right(0.5),
    )
    assert made.finding == "favoured"
    assert all("constrained" in reason for reason in made.reasons)


def test_one_speaker_tells_nothing_of_other_people() -> None:
    one = found(direct__free=right(1.0, speakers=1), transcript__free=right(0.5, speakers=1))
    assert one.finding == "not_shown"
    assert "one speaker" in one.reasons[0]


def test_what_was_tried_in_vain_is_said() -> None:
    crashed = answers(["unparsed"] * 90 + ["correct"] * 6)
    closed = found(unread="the target shows no layers", direct__free=crashed)
    assert closed.finding == "not_shown"
    assert closed.reasons[1:] == [
        "the target failed on 90 of 96 questions",
        "no layer was read: the target shows no layers",
    ]


def test_what_only_a_probe_reads_is_known_and_what_enters_the_model_is_not_its_knowledge() -> None:
    guessed = {"direct__free": right(0.5)}
    rows = [probe("encoder.input", 0.99), probe("encoder.0", 0.9), probe("transcript", 0.5, "transcript")]
    assert (best_read(rows) or {})["layer"] == "encoder.0"
    assert found(rows, **guessed).finding == "known"
    assert found([probe("encoder.input", 0.99)], **guessed).finding == "not_shown"
    assert found([probe("encoder.0", 0.57)], **guessed).finding == "not_shown"  # not at the level of all layers
    words = [probe("encoder.0", 0.9), probe("transcript", 0.9, "transcript")]
    assert found(words, **guessed).finding == "not_shown"


def test_random_answers_are_seldom_said_to_tell() -> None:
    rng = np.random.default_rng(7)
    told = 0
    for _ in range(200):
        cells = {
            f"{condition}__{way}": answers(rng.choice(["correct", "wrong"], 96).tolist())
            for condition in ("direct", "open", "privacy")
            for way in WAYS
        }
        told += found(**cells).finding != "not_shown"
    assert told <= 18  # 0.05 of 200 is 10, and 2.7 deviations more
