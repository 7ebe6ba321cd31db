"""Blind features of clips, by family: they are measured without the target.

The stage reads ``data/corpus/<corpus>/clips.parquet`` and writes ``data/features/<corpus>/features.parquet`` with one
float32 column ``family.name`` per feature, never NaN. A family is one module that registers itself; this list imports
them.
"""

from stages.features import (  # noqa: F401
    prosodic,
    recording,
    spectral,
    textual,
)
