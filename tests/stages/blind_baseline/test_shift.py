"""The shift map between sets of clips."""

import numpy as np

from stages.blind_baseline.shift import parts_of, shift_map
from stages.core.inference.blind import PopulationSettings

SETTINGS = PopulationSettings(bootstraps=200)


def test_alike_and_unlike_corpora() -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(3), 80)
    features = rng.normal(size=(240, 4))
    features[owner == 2, 1] += 3
    sets = {name: owner == at for at, name in enumerate(("libri", "mine", "phone"))}
    found = shift_map(features, {"acoustic": [0, 1], "textual": [2, 3]}, sets, np.arange(240), SETTINGS, seed=0)
    by_pair = {tuple(pair["between"]): pair for pair in found}
    assert len(by_pair) == 3
    assert by_pair["libri", "mine"]["clips"] == [80, 80]
    low, high = by_pair["libri", "mine"]["acoustic"]["auc_ci"]
    assert low <= 0.5 <= high
    assert by_pair["libri", "phone"]["acoustic"]["auc"] > 0.95
    assert by_pair["libri", "phone"]["textual"]["auc"] < 0.7


def test_parts_are_values_of_an_attribute_with_enough_clips() -> None:
    attributes = [{"room": "hall" if at < 30 else "studio", "take": str(at)} for at in range(60)]
    attributes += [{"room": "car"}, {"room": ""}, {}]
    found = parts_of(attributes)
    assert set(found) == {"room"}
    assert {value: int(rows.sum()) for value, rows in found["room"].items()} == {"hall": 30, "studio": 30}
