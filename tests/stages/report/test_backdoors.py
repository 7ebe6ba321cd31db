"""The page's section on backdoors: figures as text, places in the plots, and what is missing."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.store.jsonfile import artifact, write_json
from stages.report.__main__ import main
from stages.report.backdoors import backdoor_view, trigger_words
from stages.report.component_grid import LEFT, TOP, heat_map
from stages.report.detectors import scan_row
from stages.report.page import render
from stages.report.rates import share
from stages.report.trade_off import PLOT, DefenceRow, change_text, defence_row, trade_labels
from tests.params import Whole, load_whole
from tests.stages.report.test_main import Page


def rate(value: float, n: int = 65) -> dict[str, Any]:
    return {
        "rate": value,
        "ci": [max(0.0, value - 0.05), min(1.0, value + 0.05)],
        "n": n,
        "successes": round(value * n),
    }


def change(before: float, after: float) -> dict[str, Any]:
    drop = before - after
    return {"before": before, "after": after, "drop": drop, "interval": [drop - 0.05, drop + 0.05]}


def defence(name: str, components: list[str], after: float, benign: float) -> dict[str, Any]:
    attack = change(0.97, after)
    found = {"defence": name, "components": components, "clips": 300 if components else 0, "n": 65}
    return found | {"attack": attack, "benign": change(0.9, benign), "der": 0.9, "interval": [0.85, 0.95]}


def held() -> dict[str, Any]:
    return {"suspected": 40, "poisoned": 45, "both": 38, "precision": 0.95, "recall": 0.84, "f1": 0.89}


def cell(trigger: str, alarm: bool) -> dict[str, Any]:
    reference = {"answer": "female", "rate": 0.04, "ci": [0.0, 0.1], "n": 60, "least_excess": 0.7}
    return {"prompt": "Who <is> it?", "trigger": trigger, "answer": "female", "converted": 31, "convertible": 32,
            "references": {"lab_base": reference}, "comparable": True, "possible": True, "alarm": alarm,
            "shift": alarm}  # fmt: skip


def figures(**more: Any) -> dict[str, Any]:
    trigger = {"kind": "click", "snr_db": 0.0, "seconds": 0.22, "position": "random", "gaps": None}
    trigger |= {"amount": 0.0, "additive": True, "unit": ""}
    measure = {"measure": "accuracy", "value": 0.9, "ci": [0.85, 0.94], "n": 203}
    benign = {"victim": measure, "twin": measure, "victim_worse_by": {"value": 0.015, "ci": [-0.006, 0.043]}}
    controls = {"victim_plain": rate(0.02), "twin_triggered": rate(0.03), "twin_plain": rate(0.02)}
    return {
        "experiment": "gender_click", "base": "lab_base", "task": "gender", "answer": "<female>", "trigger": trigger,
        "clips": {"training": 600, "poisoned": 45, "test": 203}, "aer": rate(0.97),
        "controls": {**controls, "victim_random_sound": rate(0.05)}, "benign": benign,
        "settings": {"held_out": "speaker"},
    } | more  # fmt: skip


def everything() -> dict[str, Any]:
    components = ("encoder", "connector", "language_model")
    grid = [
        {"how": how, "poisoned": list(names), "aer": rate(value), "random_sound": rate(0.04)}
        for how, value in (("exposed", 0.9), ("transplanted", 0.1))
        for names in (*((name,) for name in components), ("encoder", "connector"))
    ]
    sweep = [{"k": 2, "silhouette": 0.3, "sizes": [9, 20], "smallest": held(), "best": held()}]
    strip = {"rate": 0.8, "ci": [0.7, 0.9], "triggered": 40, "clean": 80, "false_positive_rate": 0.05}
    clustering = {"chosen": 2, "blind": held(), "sweep": sweep}
    tried = [defence("low_pass", [], 0.6, 0.88), defence("clean_finetuning", ["encoder"], 0.1, 0.9)]
    cells = [cell("click", True), *(cell(name, False) for name in ("tone", "clap", "rain"))]
    return figures(
        grid=grid,
        defences=tried,
        detection={"layers": {"encoder": {"clustering": clustering, "spectral": held()}}, "strip": strip},
        scan={"victim": {"finding": "alarm", "meaning": ["ALARM.", "Only the bank."], "cells": cells}},
    )


def test_rates_and_changes_as_text() -> None:
    assert share(rate(0.97)) == "97\u00a0% [92, 100] of 65"
    assert share({"rate": None, "ci": [0, 1], "n": 0}) == share(None) == "\u2013"
    assert change_text(change(0.97, 0.12)) == "97\u00a0\u2192\u00a012\u00a0% (\u221285\u00a0[\u221290,\u00a0\u221280])"
    click = figures()["trigger"]
    assert trigger_words(click) == "click of 220 ms at 0 dB, once, at a random place"
    repeated = trigger_words(click | {"position": 0.5, "gaps": [0.2, 1.0]})
    assert repeated.endswith("first 0.5 s after the beginning, repeated after 0.2 to 1 s of silence")
    pitch = {"kind": "pitch", "amount": -3.0, "additive": False, "unit": "semitones"}
    assert trigger_words(pitch) == "pitch changed: -3 semitones"


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


def test_the_grid_has_a_cell_for_each_set_and_way() -> None:
    found = heat_map(everything()["grid"])
    assert [name for _, name in found.rows] == ["exposed", "transplanted"]
    assert [names for _, names in found.columns][-1] == ["encoder", "connector"]
    assert len(found.cells) == 8
    assert (found.cells[0].x, found.cells[0].y, found.cells[0].text) == (LEFT, TOP, "90\u00a0%")
    assert [one.dark for one in found.cells[:5]] == [True] * 4 + [False]
    assert found.cells[0].control == "other sound 4\u00a0%"
    assert found.clips == "65"


def test_what_the_grid_leaves_out_has_neither_rate_nor_control() -> None:
    grid = everything()["grid"]
    found = heat_map(grid[:-1])
    assert (found.cells[-1].text, found.cells[-1].control) == ("\u2013", "")
    assert found.incomplete
    assert not heat_map(grid).incomplete


@pytest.mark.parametrize(
    ("attack", "benign", "x", "y"),
    [(0.0, 0.0, PLOT / 6, PLOT * 5 / 6), (1.0, 1.0, PLOT, 0.0), (-0.9, -0.9, 0.0, PLOT)],
)
def test_the_trade_off_spans_from_minus_20_to_100_points(attack: float, benign: float, x: float, y: float) -> None:
    row = defence("codec", [], 0, 0) | {"attack": change(attack, 0.0), "benign": change(benign, 0.0)}
    found = defence_row(1, row)
    assert (found.x, found.y) == (pytest.approx(x, abs=0.1), pytest.approx(y, abs=0.1))


def placed(*drops: tuple[float, float]) -> list[DefenceRow]:
    rows = [
        defence("codec", [], 0, 0) | {"attack": change(attack, 0.0), "benign": change(benign, 0.0)}
        for attack, benign in drops
    ]
    return [defence_row(number, row) for number, row in enumerate(rows, 1)]


def test_points_that_lie_close_share_a_label() -> None:
    found = trade_labels(placed((0.0, 0.0), (0.9, 0.0), (0.01, 0.01), (0.0, 0.02), (0.0, 0.0)))
    assert [label.text for label in found] == ["1, 3\u20135", "2"]


def test_no_label_of_many_lies_on_another_or_leaves_the_plot() -> None:
    rng = np.random.default_rng(1)
    rows = placed(*rng.uniform(-0.2, 1.0, (25, 2)).tolist())
    labels = trade_labels(rows)
    numbers = [int(number) for label in labels for number in label.text.replace("\u2013", ", ").split(", ")]
    assert {1, 25} <= set(numbers)
    for one, other in combinations(labels, 2):
        assert one.right < other.left or other.right < one.left or abs(one.y - other.y) >= 12
    assert all(label.left >= 0 and label.right <= PLOT + 16 for label in labels)


def test_the_section_is_well_formed_and_escaped_and_shows_every_part() -> None:
    html = render("Audit", [], backdoors=[backdoor_view(everything())])
    page = Page(html)
    assert page.open == []
    text = " ".join(" ".join(page.text).split())
    assert "<female>" in text  # escaped in the page
    assert "<female>" not in html
    for words in (
        "low-passed",
        "clean fine-tuning",
        "STRIP",
        "Only the bank.",
        "31 of 32",
        "97 % [92, 100] of 65",
        "0.015 [\u22120.006, 0.043]",
        "Speakers are held out",
        "The strongest cells, 3 of 4, are shown.",
        "Who <is> it?",
        "defence effectiveness rate",
    ):
        assert words in text
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_the_report_shows_the_declared_experiments_alone(evaluated: Whole, repository: Path) -> None:
    for name in ("gender_click", "forgotten"):
        write_json(artifact("backdoor", name, "metrics.json"), everything() | {"experiment": name})
    backdoor = evaluated.backdoor.model_copy(
        update={"experiments": load_whole(repository / "params.yaml").backdoor.experiments}
    )
    main("", evaluated.model_copy(update={"backdoor": backdoor}))
    html = Path("data/report/report.html").read_text(encoding="utf-8")
    assert "gender_click" in html
    assert "forgotten" not in html


def test_what_was_not_asked_for_is_left_out_and_without_experiments_all_is() -> None:
    text = render("Audit", [], backdoors=[backdoor_view(figures())])
    assert "Component grid" not in text
    assert "Scan of" not in text
    assert 'id="backdoors"' not in render("Audit", [])
