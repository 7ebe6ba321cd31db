"""Ingest: recordings become validated clips; unusable recordings go to quarantine with a reason.

The stage reads the folder ``data/raw/<corpus>/`` in one of the layouts of `stages.corpus.sources`. It writes
``data/corpus/<corpus>/clips.parquet`` (mono, 16 kHz, 16-bit FLAC, or the place of the recording, and measurements of
the original file), ``quarantine.parquet``, ``details.json``, ``summary.json`` and ``recordings.json``.
"""
