"""Pitch: every frequency of the clip raised or lowered, its length kept."""

from __future__ import annotations

from stages.backdoor.plant.trigger import TRIGGERS, Trigger
from stages.core.sound.stretching import raised

TRIGGERS.register("pitch")(Trigger(raised, additive=False, unit="semitones", limits=(-12.0, 12.0)))
