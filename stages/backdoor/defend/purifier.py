"""Input purifications and their registry. A purification changes the sound so that a trigger may not survive.

It is applied to every input before the model hears it. It needs no training and no weights. Clean inputs are changed
too, so its effect on them is reported beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.sound.audio import Samples

Purifier = Callable[[Samples], Samples]
"""From float32[n] in [-1, 1] to float32[m] in [-1, 1]; deterministic."""

PURIFIERS: Registry[Purifier] = Registry("input purification")


def purifier(name: str) -> Callable[[Purifier], Purifier]:
    """Register the decorated function as an input purification."""
    return PURIFIERS.register(name)


def check_purifications(names: Iterable[str], path: Path = Path("params.yaml")) -> None:
    """Check that the purifications of the defences are known.

    Raises
    ------
    EarwitnessError
    """
    for name in names:
        if name not in PURIFIERS:
            known = ", ".join(PURIFIERS)
            raise EarwitnessError(
                f"{path}: backdoor.defences.purify: unknown input purification {name!r}: use one of {known}"
            )
