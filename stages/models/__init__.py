"""The library that runs models: it loads, checks, queries and trains a target of any supported architecture."""
