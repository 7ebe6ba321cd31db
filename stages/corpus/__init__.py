"""Ingest: what people bring becomes validated clips, what is unusable goes to quarantine with its reason.

In comes the folder ``data/raw/<corpus>/`` with a manifest, with ``members/`` and ``non_members/``, or with plain audio.
Out go ``data/corpus/<corpus>/clips.parquet`` (mono, 16 kHz, 16-bit FLAC, and what was measured on the file before)
and ``quarantine.parquet``.
"""
