"""Figures as text."""

import pytest

from stages.report.formatting import estimate_text, number, probability, short


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "\u2013"), (0.0, "< 0.001"), (4e-9, "< 0.001"), (0.0312, "0.031"), (0.0999, "0.100"), (0.43, "0.43")],
)
def test_probability(value: float | None, text: str) -> None:
    assert probability(value) == text


def test_estimate_text() -> None:
    assert estimate_text({"auc": 0.837, "auc_ci": [0.7951, 0.8812]}) == "0.84 [0.80, 0.88]"
    assert estimate_text({"auc": 0.837}) == "0.84"
    assert estimate_text({"auc": 0.837, "auc_ci": [None, None]}) == "0.84"
    assert estimate_text({"auc": None, "auc_ci": [0.1, 0.2]}) == "\u2013"
    assert estimate_text(None) == "\u2013"


def test_a_negative_number_has_a_real_minus() -> None:
    assert number(-26.3) == "\u221226.30"


def test_short_names_leave_out_what_goes_without_saying() -> None:
    assert short("loss/transcript/given/0") == "loss"
    assert short("loss/audio/given/1") == "loss/audio/given/1"
