"""Fidelity features by hand; joined by id, so that the order of rows changes nothing."""

import numpy as np
import pyarrow as pa
import pytest

from stages.core.artifacts import SCHEMAS, tokens_schema
from stages.fidelity_detector.differences import FEATURES, STATISTICS, Neighbourhood, differences, summaries
from stages.logits.statistics import statistic_names

NAMES = statistic_names()


def tables() -> tuple[pa.Table, pa.Table, pa.Table]:
    neighbours, tokens, embeddings = [], [], []
    for clip in ("a", "b"):
        for kind, name, level in (
            ("original", "original", -1.0),
            ("audio", "gain", -2.0),
            ("text", "swap_words", -4.0),
        ):
            if (clip, name) == ("b", "swap_words"):
                continue  # a text too short to swap words in
            neighbour_id = f"{clip}/{name}/0"
            neighbours.append({"neighbour_id": neighbour_id, "clip_id": clip, "kind": kind, "perturbation": name})
            view = {"neighbour_id": neighbour_id, "role": "target", "instruction": 0, "condition": "given"}
            lists = {key: [level - 1, level + 1] for key in NAMES}
            tokens.append(
                {**view, "slice": "transcript", "text": "x", "token_ids": [0, 1], "seconds_cut": 0.0, **lists}
            )
            embeddings.append({**view, "encoder": [3.0, 4.0 + level], "hidden": [level, 0.0]})
    return (
        pa.Table.from_pylist([{**dict.fromkeys(SCHEMAS["neighbours"].names), **row} for row in neighbours]),
        pa.Table.from_pylist(tokens, tokens_schema(NAMES)),
        pa.Table.from_pylist(embeddings, SCHEMAS["embeddings"]),
    )


def found(neighbours: pa.Table, tokens: pa.Table, embeddings: pa.Table) -> np.ndarray:
    where = Neighbourhood.of(neighbours)
    means, pooled = summaries([tokens], [embeddings], "target")
    return differences(["a", "b"], where.names(), where, means, pooled)


def test_by_hand() -> None:
    values = found(*tables())
    assert values.shape == (2, 2, len(FEATURES))
    np.testing.assert_allclose(values[0, 0, : len(STATISTICS)], -1.0)  # gain: -2 against -1
    np.testing.assert_allclose(values[0, 1, : len(STATISTICS)], -3.0)
    # encoder: (3, 2) against (3, 3); hidden: (-2, 0) against (-1, 0)
    assert values[0, 0, -2:] == pytest.approx([1 / np.sqrt(18), 1.0], abs=1e-3)
    np.testing.assert_array_equal(values[1, 1], 0.0)


def test_shuffled_tables_give_the_same_features() -> None:
    rng = np.random.default_rng(0)
    shuffled = [table.take(rng.permutation(table.num_rows)) for table in tables()]
    np.testing.assert_array_equal(found(*shuffled), found(*tables()))


def test_a_role_without_rows_has_no_summaries() -> None:
    _, tokens, embeddings = tables()
    assert summaries([tokens], [embeddings], "reference") == ({}, {})
