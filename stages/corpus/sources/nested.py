"""Objects inside of objects as columns of their own: ``{"speaker": {"age": 30}}`` has the column ``speaker.age``."""

from __future__ import annotations

from collections.abc import Mapping


def flat(values: Mapping[str, object]) -> dict[str, object]:
    """Return values with the keys of objects inside joined by dots. Lists stay as they are."""
    cells: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            cells |= flat({f"{name}.{key}": one for key, one in value.items()})
        else:
            cells[str(name)] = value
    return cells
