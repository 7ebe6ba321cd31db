"""Donors fit their rule, and their draw depends on names alone."""

from typing import Any

import numpy as np
import pytest

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
