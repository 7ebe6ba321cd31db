"""How far the trigger moves a model's embeddings, layer by layer.

A layer's embedding of a clip is the mean of its output over the positions that hold sound (`Adapter.layers`). The
shift is the distance between the means of the clips with the trigger and of the same clips without, in units of the
clips' own spread around their mean: 1 is the distance of a typical clip from the mean. `common` is the share of the
movement that all clips have in the same direction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from stages.core.inference.statistics import Floats
from stages.core.results.backdoor_figures import EmbeddingShift
from stages.models.adapter import Adapter, Query


@torch.inference_mode()
def embeddings(adapter: Adapter, queries: Sequence[Query]) -> dict[str, Floats]:
    """Return each layer's embedding of the sound of each query, at least one: float64[n, d], by the layer's name."""
    found = adapter.layers(queries)
    return {name: np.stack([vectors[name].double().numpy() for vectors in found]) for name in found[0]}


def relative_shift(before: Floats, after: Floats) -> EmbeddingShift:
    """Return how far paired embeddings moved.

    Parameters
    ----------
    before, after : float64[n, d]
        Of the same n clips.

    Returns
    -------
    dict
        `shift`, the length of the mean movement over the root mean square distance of `before` from its mean, NaN
        where all clips are equal; `common`, the length of the mean movement over the mean length of the clips'
        movements, in [0, 1]: 1 where all move alike, NaN where none moves.
    """
    moved = after - before
    common = float(np.linalg.norm(moved.mean(0)))
    spread = float(np.sqrt(((before - before.mean(0)) ** 2).sum(1).mean()))
    lengths = float(np.linalg.norm(moved, axis=1).mean())
    return {"shift": common / spread if spread else np.nan, "common": common / lengths if lengths else np.nan}
