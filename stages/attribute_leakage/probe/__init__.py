"""Decode attributes from hidden states."""
