"""What the page shows of exploratory attacks."""

from stages.report.sections.exploratory.view import exploratory_view


def test_the_p_value_of_a_learned_attack_is_shown() -> None:
    attacks = {
        "loss/transcript/given/0": {"auc": 0.9, "primary": True},
        "zlib/transcript/given/0": {"auc": 0.6, "primary": False, "learned_p": None},
        "supervised/transcript/given/0": {"auc": 0.7, "primary": False, "learned_p": 0.0312},
    }
    rows = exploratory_view({"audit": "mine", "attacks": attacks}).attacks
    assert [row.learned_p for row in rows] == ["0.031", "\u2013"]
