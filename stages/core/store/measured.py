"""The blind features of a corpus, in the order of its clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table


def read_features(corpus: str, clip_ids: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
    """Read what `features` measured, joined by id.

    Parameters
    ----------
    corpus : str
    clip_ids : sequence of str
        Its n clips.

    Returns
    -------
    names : list of str
        ``family.name`` of the d features.
    values : float64[n, d]
        NaN where a feature is not known; d may be 0.

    Raises
    ------
    EarwitnessError
        If other clips were measured.
    """
    path = artifact("features", corpus, "features.parquet")
    table = read_table(path)
    rows = pc.index_in(pa.array(clip_ids, pa.string()), table["clip_id"].combine_chunks())
    if rows.null_count or table.num_rows != len(clip_ids):
        raise EarwitnessError(f"{path}: other clips than in the corpus {corpus!r}: run 'dvc repro features@{corpus}'")
    names = [column for column in table.column_names if column != "clip_id"]
    ordered = table.take(rows)
    columns = (ordered[name].to_numpy().astype(np.float64) for name in names)
    return names, np.column_stack([np.zeros((len(clip_ids), 0)), *columns])
