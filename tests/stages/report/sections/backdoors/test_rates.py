"""Rates as text."""

from stages.report.sections.backdoors.rates import share
from tests.stages.report.sections.backdoors.experiment import rate


def test_rates_as_text() -> None:
    assert share(rate(0.97)) == "97\u00a0% [92, 100] of 65"
    assert share({"rate": None, "ci": [0, 1], "n": 0}) == share(None) == "\u2013"
