"""What can be known of a clip without the model: features by family.

In comes ``data/corpus/<corpus>/clips.parquet``; out goes ``data/features/<corpus>/features.parquet``, one float32
column ``family.name`` per feature, never NaN. A family is one module that registers itself; this list imports them.
"""

from stages.features import (  # noqa: F401
    prosodic,
    recording,
    spectral,
    textual,
)
