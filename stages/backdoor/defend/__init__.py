"""Defend: purification, clean fine-tuning, pruning; detect poison and triggers."""
