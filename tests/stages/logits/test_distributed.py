"""Batches on the cards of a Dask cluster give the tables of one process, and a worker may die."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("distributed", reason="dask is not installed: pip install -e '.[dask]'")
from dask.distributed import Client, LocalCluster

from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table
from stages.logits import distributed
from stages.logits.__main__ import work
from stages.logits.batching import batches
from stages.logits.distributed import computed_anywhere
from stages.logits.forward import Computed, ForwardRequest, computed_batches
from stages.logits.plan import PlannedRow, rows_of
from stages.models.loading import load_adapter
from stages.models.record import read_record
from stages.neighbours.sounds import NeighbourSounds
from tests.params import Whole
from tests.stages.logits.test_work import AUDIT, CORPUS, project  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[3].as_posix()
OPTIONS: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}


@pytest.fixture
def cluster(project: Whole, request: pytest.FixtureRequest) -> Iterator[LocalCluster]:  # noqa: F811
    """Workers in the project's folder."""
    with LocalCluster(**OPTIONS, **request.param) as running:  # type: ignore[no-untyped-call]
        yield running


def with_dask(params: Whole, address: str) -> Whole:
    compute = params.compute.model_copy(update={"backend": "dask", "address": address})
    return params.model_copy(update={"compute": compute})


def tables() -> list[pa.Table]:
    return [read_table(artifact("logits", AUDIT, f"{name}.parquet")) for name in ("tokens", "embeddings")]


@pytest.mark.parametrize("cluster", [{"processes": False, "resources": {"gpu": 1}}], indirect=True)
def test_the_stage_writes_the_same_tables(cluster: LocalCluster, project: Whole) -> None:  # noqa: F811
    work(AUDIT, project)
    here = tables()
    shutil.rmtree(".cache")
    distributed._adapters.clear()
    work(AUDIT, with_dask(project, cluster.scheduler_address))
    assert [*distributed._adapters]
    assert all(one.equals(other) for one, other in zip(here, tables(), strict=True))


@pytest.mark.parametrize("cluster", [{"processes": False}], indirect=True)
def test_without_a_worker_that_has_a_card_the_model_runs_here(cluster: LocalCluster, project: Whole) -> None:  # noqa: F811
    distributed._adapters.clear()
    work(AUDIT, with_dask(project, cluster.scheduler_address))
    assert not distributed._adapters
    assert all(len(table) for table in tables())


def question(params: Whole) -> ForwardRequest:
    asked = params.logits
    return ForwardRequest(asked.instructions, asked.slices, asked.orders, asked.generated_tokens)


def planned() -> tuple[list[PlannedRow], NeighbourSounds]:
    neighbours = read_table(artifact("perturbation", CORPUS, "neighbours.parquet"))
    return rows_of(neighbours, 1, ["given"]), NeighbourSounds(CORPUS)


def in_one(found: list[Computed]) -> list[pa.Table]:
    return [
        pa.concat_tables([batch.tokens["transcript"] for batch in found]),
        pa.concat_tables([batch.embeddings for batch in found]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "cluster", [{"processes": True, "resources": {"gpu": 1}, "env": {"PYTHONPATH": ROOT}}], indirect=True
)
def test_a_worker_that_is_killed_half_way_is_survived(
    cluster: LocalCluster,
    project: Whole,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed, "GROUP", 1)
    params = with_dask(project, cluster.scheduler_address)
    rows, sounds = planned()
    record = read_record("lab_base")

    def formed() -> Iterator[list[Any]]:
        return batches(rows, 1, lambda row: sounds.sound(row.neighbour_id))

    found = computed_anywhere(record, formed(), question(params), 1, params.compute)
    first = [next(found)]
    with Client(cluster.scheduler_address) as client:  # type: ignore[no-untyped-call]
        processes = client.run(os.getpid)
    os.kill(next(iter(processes.values())), signal.SIGKILL)
    there = [*first, *found]
    here = list(computed_batches(load_adapter(record), formed(), question(params), 1, 1))
    assert len(there) == len(rows)
    assert all(one.equals(other) for one, other in zip(in_one(here), in_one(there), strict=True))


@pytest.mark.parametrize("cluster", [{"processes": False, "resources": {"gpu": 1}}], indirect=True)
def test_a_cluster_whose_workers_are_gone_is_one_line(
    cluster: LocalCluster,
    project: Whole,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed, "PATIENCE", 0.0)
    params = with_dask(project, cluster.scheduler_address)
    rows, sounds = planned()
    formed = batches(rows, 1, lambda row: sounds.sound(row.neighbour_id))
    found = computed_anywhere(read_record("lab_base"), formed, question(params), 1, params.compute)
    next(found)
    cluster.scale(0)
    with pytest.raises(EarwitnessError, match=r"^params.yaml: compute: no Dask worker with the resource 'gpu' is left"):
        list(found)
