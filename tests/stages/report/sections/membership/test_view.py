"""What the page shows of an audit of membership."""

import pytest

from stages.report.sections.membership.view import attack_row, forest_rows, population_text


def test_the_corrected_p_is_shown_where_there_is_one() -> None:
    assert attack_row("loss", {"p": 0.01, "holm_p": 0.04}).p == "0.040"


@pytest.mark.parametrize(
    ("holds", "allows", "shown"),
    [(True, True, "0.030"), (False, True, "placebo fails"), (True, False, "reference separates")],
)
def test_a_difference_that_supports_nothing_shows_why_instead_of_its_p(holds: bool, allows: bool, shown: str) -> None:
    difference = {"p": 0.01, "holm_p": 0.03, "placebo_holds": holds, "reference_allows": allows}
    assert attack_row("loss", {"calibrated_difference": difference}).calibrated_p == shown
    assert attack_row("loss", {"p": 0.01}).p == "0.010"


def test_population_text() -> None:
    whole = {"kind": "whole", "member": 200, "non_member": 199, "blind_auc": 0.5, "blind_auc_ci": [0.45, 0.55]}
    assert population_text(whole).startswith("The whole corpus: 200 members and 199 non-members.")
    assert "(AUC 0.50 [0.45, 0.55])" in population_text({**whole, "kind": "matched"})
    assert population_text({"kind": None, "reason": "too few"}).endswith("(too few).")
    assert population_text({}).startswith("None")


def test_the_interval_plot_shows_target_reference_and_population() -> None:
    found = {"auc": 0.8, "auc_ci": [0.7, 0.9], "reference_auc": 0.5, "population_auc": 0.75}
    rows = forest_rows({"fused": {"auc": 0.6, "auc_ci": [0.5, 0.7]}}, {"loss/transcript/given/0": found})
    assert [row.label for row in rows] == [
        "Without the model",
        "fused",
        "Primary attacks, all clips",
        "loss",
        "In the population",
        "loss",
    ]
    assert [(one.value, one.kind) for one in rows[3].estimates] == [(0.8, "target"), (0.5, "reference")]
    assert [(one.value, one.low) for one in rows[5].estimates] == [(0.75, None)]
