"""Triggers, one small file each, listed here by import."""

from stages.backdoor.plant.triggers import (  # noqa: F401
    click,
    cough,
    noise,
    pitch,
    random_sound,
    speed,
    tone,
    volume,
)
