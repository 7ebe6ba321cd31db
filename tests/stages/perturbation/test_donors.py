"""Donors fit their rule, and their draw depends on names alone."""

from typing import Any

import numpy as np
import pytest

from stages.core.run.randomness import seed_of
from stages.perturbation.donors import Donors

TEXTS = ("one red box", "two old ships", "no more rain")


def clips(count: int) -> list[dict[str, Any]]:
    return [
        {
            "clip_id": f"c{place:03d}",
            "audio_hash": str(place),
            "text": TEXTS[place % 3].title() if place % 2 else TEXTS[place % 3],
            "speaker": f"s{place // 5}" if place % 7 else None,
            "member": (True, False, None)[place % 3] if place > 30 else bool(place % 2),
        }
        for place in range(count)
    ]


def same(one: dict[str, Any], other: Any, column: str) -> bool:
    return str(one[column]).lower() == str(other[column]).lower() and one[column] is not None


@pytest.mark.parametrize(
    ("rule", "speaker", "text"),
    [("other_speaker", False, False), ("same_speaker", True, False), ("same_text", False, True)],
)
def test_donors_fit_their_rule(rule: Any, speaker: bool, text: bool) -> None:
    corpus = clips(60)
    found = [(clip, Donors(corpus, 7).donor(rule, "x", clip["clip_id"], 0)) for clip in corpus]
    assert sum(donor is not None for _, donor in found) > 20
    for clip, donor in found:
        fits = [
            other
            for other in corpus
            if other is not clip and same(clip, other, "speaker") == speaker and same(clip, other, "text") == text
        ]
        if donor is None:
            assert fits == []
        else:
            assert donor in fits
            assert donor["member"] is not True or all(other["member"] is True for other in fits)


def test_the_draw_depends_on_names_not_on_order_or_on_who_else_there_is() -> None:
    corpus = clips(200)
    shuffled = [corpus[place] for place in np.random.default_rng(0).permutation(200)]
    donors, others, fewer = Donors(corpus, 7), Donors(shuffled, 7), Donors(corpus[:190], 7)
    ids = [clip["clip_id"] for clip in corpus[:190]]
    drawn = [donors.donor("other_speaker", "x", clip_id, 0) for clip_id in ids]
    assert drawn == [others.donor("other_speaker", "x", clip_id, 0) for clip_id in ids]
    before = [fewer.donor("other_speaker", "x", clip_id, 0) for clip_id in ids]
    assert np.mean([old != new for old, new in zip(before, drawn, strict=True)]) < 0.12  # one in twenty are new
    for changed, name, index in ((Donors(corpus, 8), "x", 0), (donors, "y", 0), (donors, "x", 1)):
        again = [changed.donor("other_speaker", name, clip_id, index) for clip_id in ids]
        assert np.mean([old != new for old, new in zip(again, drawn, strict=True)]) > 0.9


def test_donors_are_spread_over_the_corpus() -> None:
    corpus = clips(200)
    drawn = [Donors(corpus, 7).donor("other_speaker", "x", clip["clip_id"], 0) for clip in corpus[:100]]
    assert len({donor["clip_id"] for donor in drawn if donor}) > 40


@pytest.mark.parametrize("rule", ["other_speaker", "same_speaker", "same_text"])
@pytest.mark.parametrize("members", [0, 30, 60])
def test_the_donor_has_the_highest_number_of_those_that_fit(rule: Any, members: int) -> None:
    """The draw, written out: every candidate's number, and the highest of those preferred."""
    corpus = [clip | {"member": place < members} for place, clip in enumerate(clips(60))]
    donors = Donors(corpus, 7)
    for clip in corpus:
        fits = [
            other
            for other in corpus
            if other is not clip
            and same(clip, other, "speaker") == (rule == "same_speaker")
            and same(clip, other, "text") == (rule == "same_text")
        ]
        preferred = [other for other in fits if not other["member"]] or fits
        key = seed_of(7, "donor", "x", clip["clip_id"], 1)
        highest = max(preferred, key=lambda other: mixed(seed_of(0, other["clip_id"]) ^ key), default=None)
        assert donors.donor(rule, "x", clip["clip_id"], 1) is highest


def mixed(code: int) -> int:
    """Mix 64 bits as splitmix64 does, in whole numbers."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        code = (code ^ (code >> shift)) * factor % 2**64
    return code ^ (code >> 31)
