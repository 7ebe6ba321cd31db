"""Served models: what is asked of a chat endpoint, and how its answers and its errors are read."""
