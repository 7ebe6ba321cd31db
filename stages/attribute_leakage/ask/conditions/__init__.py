"""Conditions of a question, one file each, listed here by import."""

from stages.attribute_leakage.ask.conditions import chain_of_thought, direct, open, privacy, silence, transcript

__all__ = ["chain_of_thought", "direct", "open", "privacy", "silence", "transcript"]
