"""Fidelity features by hand; joined by id, so that the order of rows changes nothing."""

import numpy as np
import pyarrow as pa
import pytest

from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, tokens_schema
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.fidelity_detector.differences import (
    EMBEDDINGS,
    STATISTICS,
    Neighbourhood,
    differences,
    feature_names,
    read_embeddings,
    read_tokens,
)
from stages.logits.statistics import statistic_names

NAMES = statistic_names()
NAMED = feature_names()
KINDS = ("audio", "text")


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
                {
                    **view,
                    "slice": "transcript",
                    "text": "x",
                    "token_ids": [0, int(name == "swap_words") + 1],
                    "seconds_cut": 0.0,
                    **lists,
                }
            )
            embeddings.append({**view, "encoder": [3.0, 4.0 + level], "hidden": [level, 0.0]})
    return (
        pa.Table.from_pylist([{**dict.fromkeys(NEIGHBOURS_SCHEMA.names), **row} for row in neighbours]),
        pa.Table.from_pylist(tokens, tokens_schema(NAMES)),
        pa.Table.from_pylist(embeddings, EMBEDDINGS_SCHEMA),
    )


def found(neighbours: pa.Table, tokens: pa.Table, embeddings: pa.Table, kinds: tuple[str, ...] = KINDS) -> np.ndarray:
    where = Neighbourhood.of(neighbours, kinds)
    seen, vectors = read_tokens([tokens], "target"), read_embeddings([embeddings], "target")
    return differences(["a", "b"], where, seen, {EMBEDDINGS: vectors})


def test_by_hand() -> None:
    values = found(*tables())
    assert values.shape == (2, 2, len(NAMED))
    np.testing.assert_allclose(values[0, 0, : len(STATISTICS)], -1.0)  # gain: -2 against -1
    np.testing.assert_allclose(values[0, 1, : len(STATISTICS)], -3.0)
    gain, swap = (dict(zip(NAMED, values[0, place], strict=True)) for place in (0, 1))
    assert gain["delta_lowest_logprob"] == -1.0  # -3 against -2
    assert gain["delta_spread_logprob"] == 0.0
    assert (gain["change_logprob"], gain["change_spread_logprob"]) == (1.0, 0.0)  # each token by -1
    assert (swap["change_logprob"], swap["change_spread_logprob"]) == (0.0, 0.0)  # other tokens
    # encoder: (3, 2) against (3, 3); hidden: (-2, 0) against (-1, 0)
    assert gain["distance_encoder"] == pytest.approx(1 / np.sqrt(18), abs=1e-3)
    assert gain["growth_encoder"] == pytest.approx(np.sqrt(13 / 18) - 1, abs=1e-3)
    assert (gain["distance_hidden"], gain["growth_hidden"]) == (1.0, 1.0)
    np.testing.assert_array_equal(values[1, 1], 0.0)


def test_kinds_that_are_not_asked_for_are_left_out() -> None:
    values = found(*tables(), kinds=("audio",))
    np.testing.assert_array_equal(values, found(*tables())[:, :1])


def test_shuffled_tables_give_the_same_features() -> None:
    rng = np.random.default_rng(0)
    shuffled = [table.take(rng.permutation(table.num_rows)) for table in tables()]
    np.testing.assert_array_equal(found(*shuffled), found(*tables()))


def test_what_an_endpoint_does_not_tell_counts_as_no_difference() -> None:
    neighbours, tokens, embeddings = tables()
    place = tokens.schema.get_field_index("gap")
    silent = tokens.set_column(place, "gap", pa.nulls(tokens.num_rows, tokens.schema.field("gap").type))
    values, known = found(neighbours, silent, embeddings.slice(0, 0)), found(neighbours, tokens, embeddings)
    same = [name != "delta_gap" and not name.endswith(("encoder", "hidden")) for name in NAMED]
    np.testing.assert_array_equal(values[..., same], known[..., same])
    assert not values[..., ~np.array(same)].any()


def test_a_role_without_rows_is_not_seen() -> None:
    _, tokens, embeddings = tables()
    assert list(read_tokens([tokens], "reference")) == []
    assert list(read_embeddings([embeddings], "reference")) == []
