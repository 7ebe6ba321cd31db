"""Words for every feature family."""

from stages.report.words import FAMILIES


def test_every_family_of_the_design_has_words() -> None:
    assert list(FAMILIES) == ["recording", "spectral", "prosodic", "textual", "acoustic", "fused"]
