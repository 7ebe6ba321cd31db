"""Triggers, one small file each, listed here by import."""

from stages.backdoor.plant.triggers import click, cough, noise, pitch, random_sound, speed, tone, volume

__all__ = ["click", "cough", "noise", "pitch", "random_sound", "speed", "tone", "volume"]
