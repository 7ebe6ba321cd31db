"""Ingest: recordings become validated clips; unusable recordings go to quarantine with a reason.

The stage reads the folder ``data/raw/<corpus>/``, which has a manifest, the folders ``members/`` and ``non_members/``,
or only audio files. It writes ``data/corpus/<corpus>/clips.parquet`` (mono, 16 kHz, 16-bit FLAC, and measurements of
the original file) and ``quarantine.parquet``.
"""
