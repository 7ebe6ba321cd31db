"""Prompting conditions, one file each. A condition is listed here by its import."""

from stages.attribute_leakage.ask.conditions import chain_of_thought, direct, open, privacy, silence, transcript

__all__ = ["chain_of_thought", "direct", "open", "privacy", "silence", "transcript"]
