"""What an input purification is, and the registry of them: a change of the sound that a trigger may not survive.

It is done to every input before the model hears it, so it costs no training and needs no weights; clean inputs suffer
it too, which is why its effect on them stands beside.
"""

from __future__ import annotations

from collections.abc import Callable

from stages.core.audio import Samples
from stages.core.registry import Registry

Purifier = Callable[[Samples], Samples]
"""From float32[n] in [-1, 1] to float32[m] of the same kind; draws nothing."""

PURIFIERS: Registry[Purifier] = Registry("input purification")
