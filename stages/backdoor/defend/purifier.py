"""What an input purification is, and the registry of them: a change of the sound that a trigger may not survive.

It is done to every input before the model hears it, so it costs no training and needs no weights; clean inputs suffer
it too, which is why its effect on them stands beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.sound.audio import Samples

Purifier = Callable[[Samples], Samples]
"""From float32[n] in [-1, 1] to float32[m] of the same kind; draws nothing."""

PURIFIERS: Registry[Purifier] = Registry("input purification")


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
