"""Figures as text."""

from stages.report.formatting import estimate_text


def test_estimate_text() -> None:
    assert estimate_text({"auc": 0.837, "auc_ci": [0.7951, 0.8812]}) == "0.84 [0.80, 0.88]"
    assert estimate_text({"auc": 0.837}) == "0.84"
    assert estimate_text({"auc": 0.837, "auc_ci": [None, None]}) == "0.84"
    assert estimate_text({"auc": None, "auc_ci": [0.1, 0.2]}) == "\u2013"
    assert estimate_text(None) == "\u2013"
