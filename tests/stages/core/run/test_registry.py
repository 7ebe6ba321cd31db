"""What is registered by name."""

import pytest

from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry


def test_a_registry_lists_by_name_and_refuses_doubles() -> None:
    registry: Registry[int] = Registry("attack")
    registry.register("b")(2)
    registry.register("a")(1)
    assert list(registry) == ["a", "b"]
    assert (len(registry), "a" in registry, "c" in registry, registry["b"]) == (2, True, False, 2)
    with pytest.raises(ValueError, match="attack 'a' is registered twice"):
        registry.register("a")(3)
    with pytest.raises(EarwitnessError, match="unknown attack 'c': use one of a, b"):
        registry["c"]
