"""From token statistics to tables: rows join by id in any order; undefined scores are null."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stages.attacks import AttackSettings, score
from stages.attacks.gathering import Gathered, gather
from stages.attacks.labels import known_of
from stages.attacks.places import Places, View
from stages.attacks.registry import Known
from stages.attacks.scoring import score_sheets
from stages.attacks.table import long_tables
from stages.core.schemas.attacks import ATTACK_SCORES_SCHEMA, NEIGHBOUR_SCORES_SCHEMA
from stages.core.schemas.logits import tokens_schema
from stages.logits.statistics import statistic_names

NAMES = statistic_names()
CLIPS = ["a", "b", "c"]
KINDS = {"gain": "audio", "original": "original", "silence": "pairing", "swap_words": "text"}
VIEW = View("transcript", "given", 0)
PRIMARY = {VIEW: {"loss", "max_renyi_0.5@10"}}
NEIGHBOURS = pa.Table.from_pylist(
    [
        {"neighbour_id": f"{clip}/{name}/0", "clip_id": clip, "kind": kind, "perturbation": name, "recipe": "{}"}
        for clip in CLIPS
        for name, kind in KINDS.items()
    ]
)


def tokens(seed: int = 0, **changes: Any) -> pa.Table:
    rng = np.random.default_rng(seed)
    rows = [
        {
            "neighbour_id": neighbour_id,
            "role": role,
            "instruction": 0,
            "condition": "given",
            "slice": "transcript",
            "seconds_cut": 0.0,
            "text": neighbour_id,
            "token_ids": [1, 2, 3],
            **{name: -rng.random(3) for name in NAMES},
            **changes,
        }
        for neighbour_id in NEIGHBOURS["neighbour_id"].to_pylist()
        for role in ("reference", "target")
    ]
    return pa.Table.from_pylist(rows, tokens_schema(NAMES))


def unlabelled() -> Known:
    return known_of([None] * 3, ["s"] * 3, np.zeros((3, 1)), 5, 0, np.random.default_rng(0))


def gathered(tables: list[pa.Table], **probes: Any) -> Gathered:
    return gather(tables, Places(NEIGHBOURS, CLIPS), len(CLIPS), AttackSettings(), PRIMARY, probes)


def scored(tables: list[pa.Table], **probes: Any) -> pa.Table:
    scores, _ = score_sheets(gathered(tables, **probes).sheets, unlabelled())
    schema = ATTACK_SCORES_SCHEMA
    ids = pa.table({"clip_id": CLIPS})
    return pa.concat_tables([schema.empty_table(), *long_tables(ids, np.arange(3), scores, schema)])


def by_name(table: pa.Table) -> dict[tuple[str, str, str], float | None]:
    return {(row["clip_id"], row["role"], row["attack"]): row["score"] for row in table.to_pylist()}


def row_of(table: pa.Table, neighbour_id: str, role: str) -> dict[str, float]:
    row = next(r for r in table.to_pylist() if (r["neighbour_id"], r["role"]) == (neighbour_id, role))
    statistics = {name: np.array(row[name], np.float64) for name in NAMES}
    return score(statistics, row["text"], np.array(row["token_ids"]))


def test_scores_of_both_roles_and_the_attacks_that_need_others() -> None:
    table = tokens()
    found = by_name(scored([table]))
    own = {(kind, role): row_of(table, f"a/{kind}/0", role) for kind in KINDS for role in ("target", "reference")}
    for name, value in own["original", "target"].items():
        assert found["a", "target", name] == pytest.approx(value)
    loss = {key: scores["loss"] for key, scores in own.items()}
    assert found["a", "target", "ratio"] == pytest.approx(loss["original", "target"] - loss["original", "reference"])
    around = (loss["gain", "reference"] + loss["swap_words", "reference"]) / 2
    assert found["a", "reference", "neighbourhood"] == pytest.approx(loss["original", "reference"] - around)
    assert ("a", "reference", "ratio") not in found
    assert ("a", "target", "lowercase") not in found  # no such neighbours
    assert ("a", "target", "supervised") not in found  # no labels


def test_the_order_and_the_chunks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = tokens()
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    whole = scored([table])
    monkeypatch.setattr("stages.attacks.reading.ROWS_AT_ONCE", 4)
    assert scored([shuffled.slice(0, 3), shuffled.slice(3, 5), shuffled.slice(8)]).equals(whole)
    assert whole.select(["clip_id", "role", "attack"]).to_pylist() == sorted(
        whole.select(["clip_id", "role", "attack"]).to_pylist(), key=lambda row: tuple(row.values())
    )


def test_no_rows_give_an_empty_table() -> None:
    assert scored([]).equals(ATTACK_SCORES_SCHEMA.empty_table())


def test_what_an_endpoint_tells_is_enough_for_what_needs_no_more() -> None:
    nothing = dict.fromkeys([name for name in NAMES if name != "logprob"])
    found = by_name(scored([tokens(**nothing, token_ids=None, text=None)]))
    attacks = {attack for _, role, attack in found if role == "target"}
    assert {"loss", "zlib", "min_k@20", "neighbourhood", "ratio", "rmia", "camia_slope"} <= attacks
    assert not {"min_k_pp@20", "max_renyi_0.5@10", "camia_diversity", "ez", "wbc", "dc_pdd"} & attacks
    assert all(value is not None for value in found.values())


def test_some_rows_may_tell_less_than_others() -> None:
    table = tokens().to_pylist()
    poor = [{**row, "gap": None} if row["neighbour_id"] == "b/original/0" else row for row in table]
    found = by_name(scored([pa.Table.from_pylist(poor, tokens_schema(NAMES))]))
    whole = by_name(scored([tokens()]))
    assert found["b", "target", "max_prob_gap"] is None
    for key, value in whole.items():
        if key[0] != "b" and key[2] != "camia":
            assert found[key] == value
    assert found["b", "target", "loss"] == whole["b", "target", "loss"]


def test_a_clip_without_rows_has_no_scores() -> None:
    table = tokens()
    rest = table.filter(pa.array([not row.startswith("c/") for row in table["neighbour_id"].to_pylist()]))
    found = by_name(scored([rest]))
    assert {value for (clip, _, _), value in found.items() if clip == "c"} == {None}
    assert found["a", "target", "loss"] is not None


def test_probes_are_attacks_of_the_given_transcript() -> None:
    value = np.array([0.5, np.nan, 0.25])
    found = by_name(scored([tokens()], target={"recall": value}))
    assert [found[clip, "target", "recall"] for clip in CLIPS] == [0.5, None, 0.25]
    assert ("a", "reference", "recall") not in found


def test_changed_audio_and_pairings_are_scored_as_queries_by_the_primary_attacks() -> None:
    table = tokens()
    found = gathered([table])
    schema = NEIGHBOUR_SCORES_SCHEMA
    ids = NEIGHBOURS.select(["neighbour_id", "clip_id", "kind", "perturbation"])
    chosen = np.flatnonzero(Places(NEIGHBOURS, CLIPS).query)
    rows = pa.concat_tables(list(long_tables(ids, chosen, found.of_neighbours, schema))).to_pylist()
    assert {(row["neighbour_id"], row["role"], row["attack"]) for row in rows} == {
        (f"{clip}/{query}/0", role, attack)
        for clip in CLIPS
        for query in ("gain", "silence")
        for role in ("target", "reference")
        for attack in PRIMARY[VIEW]
    }
    for row in rows:
        assert row["kind"] == KINDS[row["perturbation"]]
        assert row["score"] == pytest.approx(row_of(table, row["neighbour_id"], row["role"])[row["attack"]])


def test_kinds_say_what_an_attack_was_told() -> None:
    known = known_of([True, False, True], ["s", "t", "u"], np.zeros((3, 1)), 2, 0, np.random.default_rng(0))
    probes = {"target": {"recall": np.ones(3)}}
    _, kinds = score_sheets(gathered([tokens()], **probes).sheets, known)
    assert kinds["loss"] == {"uses_reference": False, "uses_labels": False}
    assert kinds["rmia"] == {"uses_reference": True, "uses_labels": False}
    assert kinds["recall"]["uses_labels"]
    assert "supervised" not in kinds  # a single non-member is too few for a comparison


@pytest.mark.parametrize("member", [[True] * 3, [False] * 3, [None] * 3, [True, False, None]])
def test_any_labels_are_scored(member: list[bool | None]) -> None:
    known = known_of(member, ["s"] * 3, np.zeros((3, 1)), 5, 0, np.random.default_rng(0))
    scores, _ = score_sheets(gathered([tokens()]).sheets, known)
    assert np.isfinite(scores["target", VIEW]["loss"]).all()
