"""Which rows are the clip, which its neighbours, which another clip."""

import pyarrow as pa

from stages.attacks.places import Places


def test_a_pairing_is_no_neighbour() -> None:
    kinds = ["original", "audio", "text", "pairing"]
    rows = {"neighbour_id": kinds, "clip_id": ["a"] * 4, "kind": kinds, "perturbation": kinds}
    places = Places(pa.table(rows), ["a"])
    assert places.original.tolist() == [True, False, False, False]
    assert places.audio.tolist() == [False, True, False, False]
    assert places.around.tolist() == [False, True, True, False]
