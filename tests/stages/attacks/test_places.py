"""Places tell apart rows of the clip itself, of its neighbours and of another clip."""

import pyarrow as pa

from stages.attacks.places import Places


def test_a_pairing_is_no_neighbour() -> None:
    kinds = ["original", "audio", "text", "pairing"]
    rows = {"neighbour_id": kinds, "clip_id": ["a"] * 4, "kind": kinds, "perturbation": kinds, "recipe": ["{}"] * 4}
    places = Places(pa.table(rows), ["a"])
    assert places.original.tolist() == [True, False, False, False]
    assert places.query.tolist() == [False, True, False, True]
    assert places.around.tolist() == [False, True, True, False]


def test_a_pairing_without_a_donor_is_no_query() -> None:
    recipes = ['{"donor": "b"}', '{"donor": null}', '{"codec": "none"}']
    ids, kinds = list("xyz"), ["pairing"] * 3
    rows = {"neighbour_id": ids, "clip_id": ["a"] * 3, "kind": kinds, "perturbation": kinds, "recipe": recipes}
    assert Places(pa.table(rows), ["a"]).query.tolist() == [True, False, True]
