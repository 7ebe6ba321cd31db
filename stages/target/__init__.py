"""Targets: pin a model, check that audio reaches it, ask it, train it."""
