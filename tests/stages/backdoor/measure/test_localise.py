"""Components: what is frozen stays, what is exchanged comes from where it should, and how far a layer moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stages.backdoor.measure.localise import grid_name, mixed, proper_subsets
from stages.backdoor.measure.shift import embeddings, relative_shift
from stages.backdoor.plant.victim import Pair, prepare, train_pair, trained
from stages.core.results.components import COMPONENTS
from stages.models.adapter import Adapter, Query
from stages.models.hashing import weights_name
from tests.stages.backdoor.conftest import BACKDOOR, fresh, make_clips, make_experiment


@pytest.fixture
def pair(checkpoints: Path) -> Pair:
    return train_pair(fresh, "base", make_clips(30), make_experiment(), BACKDOOR, 7)


def part(adapter: Adapter, component: str) -> list[torch.Tensor]:
    return [weight.detach().clone() for module in adapter.components()[component] for weight in module.parameters()]


def same(one: Adapter, other: Adapter, component: str) -> bool:
    return all(torch.equal(a, b) for a, b in zip(part(one, component), part(other, component), strict=True))


def test_the_components_hold_every_weight_once() -> None:
    adapter = fresh()
    held = [id(w) for name in COMPONENTS for module in adapter.components()[name] for w in module.parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(weight) for weight in adapter.model.parameters()}


def test_the_pair_is_reproducible_and_differs_by_the_poison_alone(pair: Pair, checkpoints: Path) -> None:
    again = train_pair(fresh, "base", make_clips(30), make_experiment(), BACKDOOR, 7)
    assert weights_name(again.victim) == weights_name(pair.victim)
    assert weights_name(again.twin) == weights_name(pair.twin)
    assert weights_name(pair.victim) != weights_name(pair.twin)


@pytest.mark.parametrize("method", ["whole", "lora"])
@pytest.mark.parametrize("component", COMPONENTS)
def test_what_is_not_chosen_keeps_its_weights(component: str, method: str, checkpoints: Path) -> None:
    setting = prepare(fresh, "base", make_clips(12), make_experiment(method=method), BACKDOOR, 7)
    adapter = trained(setting, True, (component,))
    assert [name for name in COMPONENTS if not same(adapter, fresh(), name)] == [component]


def test_a_mixture_takes_each_part_from_where_it_should(pair: Pair) -> None:
    made = mixed(fresh(), pair.twin, pair.victim, ("encoder",))
    assert same(made, pair.victim, "encoder")
    assert same(made, pair.twin, "connector")
    assert same(made, pair.twin, "language_model")
    assert not same(made, pair.victim, "language_model")


def test_the_grid_names_every_choice_once() -> None:
    assert len({grid_name("exposed", chosen) for chosen in proper_subsets()}) == 6
    assert grid_name("reused", ("encoder", "connector")) == "reused:encoder+connector"


def test_a_layer_gives_one_embedding_a_clip() -> None:
    adapter = fresh()
    queries = [Query(clip.samples, clip.audio_hash, "Who?", "") for clip in make_clips(3)]
    found = embeddings(adapter, queries)
    assert [name.split(".")[0] for name in found] == ["encoder"] * 3 + ["connector"] + ["language_model"] * 4
    assert {vectors.shape for vectors in found.values()} == {(3, 128)}
    alone = embeddings(adapter, queries[1:2])
    assert np.allclose(found["language_model.3"][1], alone["language_model.3"][0])


def test_the_shift_is_in_units_of_the_spread() -> None:
    before = np.array([[1.0, 0.0], [-1.0, 0.0]])  # root mean square distance from the mean: 1
    assert relative_shift(before, before + np.array([0.0, 3.0])) == pytest.approx({"shift": 3.0, "common": 1.0})
    apart = relative_shift(before, before + np.array([[0.0, 2.0], [0.0, -2.0]]))
    assert apart == pytest.approx({"shift": 0.0, "common": 0.0})
    still = relative_shift(before, before)
    assert still["shift"] == 0
    assert np.isnan(still["common"])
    assert np.isnan(relative_shift(np.ones((2, 2)), np.zeros((2, 2)))["shift"])
