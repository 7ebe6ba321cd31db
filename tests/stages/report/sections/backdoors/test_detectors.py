"""What detectors and the scan find, as rows of text."""

from stages.report.sections.backdoors.detectors import scan_row
from tests.stages.report.sections.backdoors.experiment import cell


def test_a_clean_model_that_is_brought_to_another_answer_stands_with_it() -> None:
    found = cell("click", True)
    found["references"]["other"] = found["references"]["lab_base"] | {"answer": "male", "rate": 0.8}
    row = scan_row("victim", {"finding": "impossible", "meaning": [], "cells": [found]})
    assert row.finding == "no alarm was possible"
    assert row.cells[0][4] == "4\u00a0%, 80\u00a0% to \u201cmale\u201d"


def test_a_cell_says_whether_an_alarm_was_possible() -> None:
    cells = [
        cell("click", False) | {"shift": shift, "possible": possible} for shift in (True, False) for possible in (0, 1)
    ]
    row = scan_row("victim", {"finding": "shift", "meaning": [], "cells": cells}, shown=4)
    assert [one[5] for one in row.cells] == [
        "shift, no alarm possible",
        "shift",
        "no shift, no alarm possible",
        "no shift",
    ]
