"""Findings, grades and reasons in words."""

from string import Formatter
from typing import get_args

import pytest

from stages.core.results.membership import Finding, Grade, MembershipCode, MembershipReason
from stages.core.words.membership import FINDINGS, GRADES, SENTENCES, finding_words, grade_words, sentences


def test_every_finding_and_grade_has_words() -> None:
    assert set(FINDINGS) == set(get_args(Finding))
    assert set(GRADES) == set(get_args(Grade))
    assert finding_words("else") == ("else", "")
    assert grade_words("else") == ("else", "")


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(get_args(MembershipCode))


@pytest.mark.parametrize("code", get_args(MembershipCode))
def test_a_sentence_names_its_figures_in_a_format_that_fits(code: MembershipCode) -> None:
    places = [(name, spec) for _, name, spec, _ in Formatter().parse(SENTENCES[code]) if name]
    figures: dict[str, float | int | str | None] = {name: 0.5 if spec else f"<{name}>" for name, spec in places}
    (said,) = sentences([MembershipReason.of(code, **figures)])
    assert "{" not in said
    assert all(f"<{name}>" in said for name, spec in places if not spec and isinstance(figures[name], str))


def test_a_reason_by_hand() -> None:
    reason = MembershipReason.of(
        "separates_population", attack="loss", auc=0.951, low=0.9, high=1.0, p=7e-15, attacks=4
    )
    assert sentences([reason]) == [
        "loss separates the population: AUC 0.95 [0.90, 1.00], p = 7e-15 after Holm's correction over 4 primary attacks"
    ]
