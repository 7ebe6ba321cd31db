"""Numbers as text."""

import pytest

from stages.core.words.figures import estimate, number, percent, probability


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "\u2013"), (0.0, "< 0.001"), (4e-9, "< 0.001"), (0.0312, "0.031"), (0.0999, "0.100"), (0.43, "0.43")],
)
def test_probability(value: float | None, text: str) -> None:
    assert probability(value) == text


def test_a_negative_number_has_a_real_minus() -> None:
    assert number(-26.3) == "\u221226.30"


def test_an_estimate_needs_both_ends_of_its_interval() -> None:
    assert estimate(0.837, [0.7951, 0.8812]) == "0.84 [0.80, 0.88]"
    assert estimate(0.837, None) == estimate(0.837, [None, None]) == "0.84"
    assert estimate(0.837, [0.7951, 0.8812], places=3) == "0.837 [0.80, 0.88]"
    assert estimate(None, [0.1, 0.2]) == "\u2013"


def test_percent() -> None:
    assert percent(0.974) == "97\u00a0%"
