"""Every registered entry on which rows depend has a version of its code, and no other name has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stages.attribute_leakage.ask import conditions  # noqa: F401 (registers them)
from stages.attribute_leakage.ask.condition import CONDITIONS
from stages.backdoor.plant import triggers  # noqa: F401 (registers them)
from stages.backdoor.plant.trigger import TRIGGERS
from stages.core.store.codeversion import code_version
from stages.features.family import FAMILIES
from stages.logits import probes  # noqa: F401 (registers them)
from stages.logits.probe import PROBES
from stages.models import families  # noqa: F401 (registers them)
from stages.models.adapter import ADAPTERS
from stages.neighbours import perturbations  # noqa: F401 (registers them)
from stages.neighbours.recipe import PERTURBATIONS

MADE_BY: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "families": (ADAPTERS, lambda adapter: adapter),
    "probes": (PROBES, lambda probe: probe.measure),
    "perturbations": (PERTURBATIONS, lambda perturbation: perturbation.apply),
    "features": (FAMILIES, lambda family: family.measure),
    "triggers": (TRIGGERS, lambda trigger: trigger.apply),
    "conditions": (CONDITIONS, lambda condition: condition.prompt),
}
"""Each registry whose entries rows depend on, and what of an entry makes its values."""


@pytest.mark.parametrize("name", MADE_BY)
def test_every_entry_has_a_version(name: str) -> None:
    registry, maker = MADE_BY[name]
    assert len(registry) > 0
    for entry in registry:
        assert len(code_version(maker(registry[entry]).__module__)) == 16, entry


@pytest.mark.parametrize(
    "module", ["stages.models.families.unknown", "stages.logits.probes.curvatura", "not_loaded.at_all"]
)
def test_a_module_that_is_not_there_has_none(module: str) -> None:
    with pytest.raises(ValueError, match=f"{module}: no such module"):
        code_version(module)
