"""Test whether embeddings tell speakers apart."""
