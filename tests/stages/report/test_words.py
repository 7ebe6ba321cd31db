"""Words for every finding, grade and feature family."""

from stages.report.words import FAMILIES, FINDINGS, GRADES, finding_words, grade_words


def test_every_finding_grade_and_family_of_the_design_has_words() -> None:
    findings = "not_audible memorised suspected confounded unresolved underpowered not_detected"
    assert set(FINDINGS) == set(findings.split())
    assert set(GRADES) == {"randomised", "matched", "post_hoc"}
    assert list(FAMILIES) == ["recording", "spectral", "prosodic", "textual", "acoustic", "fused"]
    assert finding_words("else") == ("else", "")
    assert grade_words("else") == ("else", "")
