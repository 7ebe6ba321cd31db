"""Shared parts of the families' forward passes: prompts, rows, sounds, shared prefixes, layers."""
