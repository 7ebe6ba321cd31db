"""The component grid as a heat map."""

from stages.report.sections.backdoors.component_grid import LEFT, TOP, heat_map
from tests.stages.report.sections.backdoors.experiment import everything


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
