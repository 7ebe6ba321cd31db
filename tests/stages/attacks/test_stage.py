"""The stage on small artifacts: its tables, and its errors for artifacts that do not match."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stages.attacks.__main__ import work
from stages.core.errors import EarwitnessError
from stages.core.schemas.attacks import ATTACK_SCORES_SCHEMA
from stages.core.schemas.features import features_schema
from stages.core.schemas.logits import PROBES_SCHEMA
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table, write_table
from tests.benchmarks.attacks import AUDIO_NEIGHBOURS, make_artifacts
from tests.params import Whole, audit_params

CLIPS = 40


@pytest.fixture
def params(workplace: Path) -> Whole:
    content = audit_params()
    content["evaluation"]["primary_attacks"] = ["loss/transcript/given/0", "min_k@20/transcript/given/0", "nonsense"]
    make_artifacts(CLIPS)
    return Whole.model_validate(content)


def test_every_clip_is_scored_and_each_changed_sound(params: Whole) -> None:
    work("bench", params)
    scores = read_table(artifact("attacks", "bench", "scores.parquet"))
    kinds = read_json(artifact("attacks", "bench", "attacks.json"))
    assert scores.schema == ATTACK_SCORES_SCHEMA
    assert set(scores["attack"].to_pylist()) <= kinds.keys()
    assert {"loss", "rmia", "supervised", "camia", "dc_pdd"} <= kinds.keys()
    learned = {"uses_reference": False, "uses_labels": True, "p": {"transcript/given/0": None}}
    assert kinds["supervised"] == kinds["quantile_regression@50"] == learned
    of_role = scores.group_by(["attack", "role"]).aggregate([("clip_id", "count_distinct")]).to_pylist()
    assert {row["clip_id_count_distinct"] for row in of_role} == {CLIPS}
    assert scores["score"].null_count == 0
    changed = read_table(artifact("attacks", "bench", "neighbour_scores.parquet"))
    assert set(changed["attack"].to_pylist()) == {"loss", "min_k@20"}
    assert changed.num_rows == CLIPS * AUDIO_NEIGHBOURS * 2 * 2
    ids = list(zip(*(changed[name].to_pylist() for name in ("neighbour_id", "role", "attack")), strict=True))
    assert ids == sorted(ids)


def test_a_second_run_writes_the_same_bytes(params: Whole) -> None:
    folder = artifact("attacks", "bench")
    work("bench", params)
    first = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    work("bench", params)
    assert {path.name: path.read_bytes() for path in sorted(folder.iterdir())} == first
    assert len(first) == 4


def test_what_the_probes_found_is_scored(params: Whole) -> None:
    neighbours = read_table(artifact("perturbation", "bench", "neighbours.parquet"), ["neighbour_id", "kind"])
    originals = [row["neighbour_id"] for row in neighbours.to_pylist() if row["kind"] == "original"]
    schema = PROBES_SCHEMA
    values = {"neighbour_id": originals[3:], "role": ["target"] * (CLIPS - 3), "probe": ["recall"] * (CLIPS - 3)}
    table = pa.table({**values, "value": pa.array(np.arange(3, CLIPS), pa.float32())})
    write_table(artifact("logits", "bench", "probes.parquet"), table, schema)
    work("bench", params)
    scores = read_table(artifact("attacks", "bench", "scores.parquet")).to_pylist()
    found = [row["score"] for row in scores if row["attack"] == "recall"]
    assert found == [None, None, None, *range(3, CLIPS)]  # the shots stand there, without a score
    assert read_json(artifact("attacks", "bench", "attacks.json"))["recall"]["uses_labels"]


def test_features_of_other_clips_are_refused(params: Whole) -> None:
    schema = features_schema(["spectral.a"])
    other = pa.table({"clip_id": ["x"], "spectral.a": pa.array([0.0], pa.float32())})
    write_table(artifact("features", "bench", "features.parquet"), other, schema)
    with pytest.raises(EarwitnessError, match="dvc repro features@bench"):
        work("bench", params)


def test_features_that_are_not_known_count_as_the_mean(params: Whole) -> None:
    path = artifact("features", "bench", "features.parquet")
    table = read_table(path)
    holes = table.set_column(1, table.column_names[1], pa.array([None] * CLIPS, pa.float32()))
    write_table(path, holes, table.schema)
    work("bench", params)
    assert read_table(artifact("attacks", "bench", "scores.parquet"))["score"].null_count == 0
