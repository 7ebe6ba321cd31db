"""Speed: the whole clip played faster or slower, so that its length and its pitch change."""

from __future__ import annotations

from stages.backdoor.plant.trigger import TRIGGERS, Trigger
from stages.core.sound.stretching import played_faster

TRIGGERS.register("speed")(Trigger(played_faster, additive=False, unit="times as fast", limits=(0.5, 2.0), neutral=1.0))
