from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stages.core.errors import EarwitnessError
from stages.core.schemas.features import features_schema
from stages.core.store.jsonfile import artifact
from stages.core.store.measured import read_features
from stages.core.store.tables import write_table


@pytest.fixture(autouse=True)
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {"clip_id": ["b", "a"], "spectral.flatness": [0.5, 0.25], "textual.words": [None, 3.0]}
    schema = features_schema(["spectral.flatness", "textual.words"])
    write_table(artifact("features", "calls", "features.parquet"), pa.table(rows, schema), schema)


def test_features_are_joined_by_id_and_unknown_ones_are_nan() -> None:
    names, values = read_features("calls", ["a", "b"])
    assert names == ["spectral.flatness", "textual.words"]
    np.testing.assert_array_equal(values, [[0.25, 3.0], [0.5, np.nan]])
    np.testing.assert_array_equal(read_features("calls", ["b", "a"])[1], values[::-1])


@pytest.mark.parametrize("clip_ids", [["a"], ["a", "b", "c"], ["a", "c"]])
def test_other_clips_than_were_measured_are_an_error(clip_ids: list[str]) -> None:
    with pytest.raises(EarwitnessError, match=r"features\.parquet: other clips .*dvc repro features@calls"):
        read_features("calls", clip_ids)
