from flows.bench import as_text as timings_text
from flows.verdicts import COLUMNS, as_text, interval, verdict_row


def metrics(**attacks: object) -> dict[str, object]:
    return {
        "audit": "mine",
        "corpus": "ours",
        "attacks": attacks,
        "blind": {},
        "verdict": {"finding": "unresolved", "grade": "post_hoc"},
    }


def test_the_best_of_the_primary_attacks_is_shown() -> None:
    row = verdict_row(
        metrics(
            loss={"auc": 0.61, "auc_ci": [0.55, 0.67], "primary": True},
            zlib={"auc": 0.72, "auc_ci": [0.66, 0.78], "primary": True},
            luck={"auc": 0.99, "auc_ci": [0.98, 1.0], "primary": False},
        )
    )
    assert (row["best primary attack"], row["attack AUC"]) == ("zlib", "0.72 [0.66, 0.78]")
    assert row["blind AUC"] == "-"


def test_an_attack_without_a_figure_is_not_the_best() -> None:
    row = verdict_row(metrics(zlib={"auc": None, "primary": True}, loss={"auc": 0.4, "auc_ci": None, "primary": True}))
    assert (row["best primary attack"], row["attack AUC"]) == ("loss", "0.40")
    assert verdict_row(metrics())["best primary attack"] == "none"


def test_interval() -> None:
    assert interval({"auc": 0.5, "auc_ci": [0.444, 0.556]}) == "0.50 [0.44, 0.56]"
    assert interval(None) == interval({"auc": None}) == "-"


def test_the_table_is_aligned() -> None:
    lines = as_text([verdict_row(metrics())]).splitlines()
    assert len(lines) == 2
    assert [word in lines[0] for word in COLUMNS] == [True] * len(COLUMNS)
    assert lines[1].index("unresolved") == lines[0].index("finding")


def test_seconds_per_stage_are_sorted_and_cached_ones_marked() -> None:
    stages = {
        "environment": {"seconds": 0.4, "cached": False},
        "logits@mine": {"seconds": 31.26, "cached": True},
        "old": {"seconds": None, "cached": True},
    }
    text = timings_text({"seconds": 12.3, "stages": stages})
    assert [line.split()[0] for line in text.splitlines()[:3]] == ["logits@mine", "environment", "old"]
    assert "31.3 s  cached in the last run" in text
    assert text.endswith("last run of the graph: 12.3 s, 2 of 3 stages cached")
