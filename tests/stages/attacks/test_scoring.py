"""Scores are joined by id: the order of the statistics' rows changes nothing."""

import numpy as np
import pyarrow as pa
import pytest

from stages.attacks import Settings
from stages.attacks.scoring import score_clips
from stages.core.artifacts import SCHEMAS, tokens_schema
from stages.logits.statistics import statistic_names

NAMES = statistic_names()


def tokens(seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    rows = [
        {
            "neighbour_id": f"{clip}/{kind}/0",
            "role": role,
            "instruction": 0,
            "condition": "given",
            "slice": "transcript",
            "seconds_cut": 0.0,
            "text": clip,
            "token_ids": [1, 2, 3],
            **{name: rng.random(3) for name in NAMES},
        }
        for clip in ("a", "b")
        for kind in ("gain", "original")
        for role in ("reference", "target")
    ]
    return pa.Table.from_pylist(rows, tokens_schema(NAMES))


CLIP_OF = {f"{clip}/{kind}/0": (clip, kind == "original") for clip in "ab" for kind in ("gain", "original")}


def test_scores_of_both_roles_and_the_attacks_that_need_others() -> None:
    table = tokens()
    scores = score_clips([table], CLIP_OF, Settings())
    found = {(row["clip_id"], row["role"], row["attack"]): row["score"] for row in scores.to_pylist()}
    loss = {
        (row["neighbour_id"], row["role"]): float(np.mean(row["logprob"], dtype=np.float32))
        for row in table.to_pylist()
    }
    assert found["a", "target", "loss"] == pytest.approx(loss["a/original/0", "target"])
    assert found["a", "target", "ratio"] == pytest.approx(
        loss["a/original/0", "target"] - loss["a/original/0", "reference"], abs=1e-6
    )
    assert found["b", "reference", "neighbourhood"] == pytest.approx(
        loss["b/original/0", "reference"] - loss["b/gain/0", "reference"], abs=1e-6
    )
    assert ("a", "reference", "ratio") not in found


def test_the_order_and_the_chunks_of_rows_change_nothing() -> None:
    table = tokens()
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    chunks = [shuffled.slice(0, 3), shuffled.slice(3)]
    assert score_clips(chunks, CLIP_OF, Settings()).equals(score_clips([table], CLIP_OF, Settings()))


def test_no_rows_give_an_empty_table() -> None:
    assert score_clips([], {}, Settings()).schema == SCHEMAS["attack_scores"]
