"""The stages of an audit. They meet only in the artifacts under ``data/``."""
