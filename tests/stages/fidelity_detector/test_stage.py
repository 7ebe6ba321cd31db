"""The stage, and what its saved detector says of other clips."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from flows.command_line import print_scores, print_transfer
from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table
from stages.fidelity_detector.__main__ import work
from stages.fidelity_detector.saving import load
from stages.fidelity_detector.scoring import as_table, score, transfer
from tests.params import Whole
from tests.stages.fidelity_detector.conftest import WriteAudit, put

OUTS = ("scores.parquet", "detector.safetensors", "config.json", "details.json", "metrics.json")
TABLES = (("corpus", "clips"), ("perturbation", "neighbours"), ("logits", "tokens"), ("logits", "embeddings"))


@pytest.fixture
def params(make_params: Any, workplace: Path, repository: Path) -> Whole:
    audits = {name: {"corpus": name, "target": "lab_base", "reference": "none"} for name in ("old", "new")}
    content = yaml.safe_load((repository / "params.yaml").read_text()) | {"targets": {}, "copies": {}}
    content["attribute_leakage"]["audits"] = {}
    content["backdoor"]["experiments"] = {}
    content |= {"corpora": {name: {"split": "randomised", "member": "column"} for name in audits}, "audits": audits}
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    made: Whole = Whole.model_validate(content)
    return made


def written(name: str) -> dict[str, bytes]:
    return {out: artifact("fidelity_detector", name, out).read_bytes() for out in OUTS}


def test_what_is_there_is_found_and_said(params: Whole, write_audit: WriteAudit) -> None:
    write_audit("old", effect=0.35, unlabelled=6)
    work("old", params)
    metrics = read_json(artifact("fidelity_detector", "old", "details.json"))
    assert metrics["auc"] == metrics["network"]["auc"] > 0.8
    assert metrics["auc"] >= metrics["single_neighbour"]["auc_ci"][0]
    assert metrics["neighbours"] == ["gain/0", "noise/0", "swap_words/0"]  # no pairing unless it is asked for
    assert set(metrics["single_neighbour"]["chosen"]) <= {"noise/0 change_logprob", "noise/0 change_spread_logprob"}
    assert read_json(artifact("fidelity_detector", "old", "metrics.json")) == {
        "auc": metrics["auc"], "auc_low": metrics["auc_ci"][0], "auc_high": metrics["auc_ci"][1],
        "n": metrics["clips"], "single_neighbour_auc": metrics["single_neighbour"]["auc"],
    }  # fmt: skip
    drops = metrics["importance"]["perturbation"]
    assert drops["noise"] == max(drops.values()) > 0.2
    scores = read_table(artifact("fidelity_detector", "old", "scores.parquet"))
    assert scores.num_rows == 2 * 74
    config = read_json(artifact("fidelity_detector", "old", "config.json"))
    assert config["fitted"]
    assert config["perturbations"] == ["gain", "noise", "swap_words"]


def test_the_order_of_no_table_changes_a_byte(params: Whole, write_audit: WriteAudit) -> None:
    write_audit("old", effect=0.3)
    work("old", params)
    first = written("old")
    rng = np.random.default_rng(0)
    for stage, table in TABLES:
        rows = pq.read_table(artifact(stage, "old", f"{table}.parquet"))
        put(stage, "old", table, rows.take(rng.permutation(rows.num_rows)))
    work("old", params)
    assert written("old") == first


@pytest.mark.slow
def test_one_and_two_workers_and_threads_write_the_same_bytes(
    params: Whole, write_audit: WriteAudit, repository: Path
) -> None:
    write_audit("old", effect=0.3)
    found = []
    for count in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        environment |= {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count, "EARWITNESS_WORKERS": count}
        command = [sys.executable, "-m", "stages.fidelity_detector", "--audit", "old"]
        subprocess.run(command, env=environment, check=True)
        found.append(written("old"))
    assert found[0] == found[1]


def test_a_deaf_target_and_a_corpus_without_labels_have_no_detector(params: Whole, write_audit: WriteAudit) -> None:
    write_audit("old", clips=8, unlabelled=8)
    work("old", params)
    assert read_json(artifact("fidelity_detector", "old", "details.json"))["auc"] is None
    nothing = dict.fromkeys(("auc", "auc_low", "auc_high", "single_neighbour_auc"))
    assert read_json(artifact("fidelity_detector", "old", "metrics.json")) == nothing | {"n": 0}
    rows = pq.read_table(artifact("logits", "old", "tokens.parquet"))
    put("logits", "old", "tokens", rows.slice(0, 0))
    work("old", params)
    assert read_table(artifact("fidelity_detector", "old", "scores.parquet")).num_rows == 0
    with pytest.raises(EarwitnessError, match="no detector could be fitted"):
        load(artifact("fidelity_detector", "old"))


def test_clips_of_unknown_membership_are_scored_as_by_the_fitted_detector(
    params: Whole, write_audit: WriteAudit, capsys: pytest.CaptureFixture[str]
) -> None:
    write_audit("old", effect=0.4, unlabelled=10)
    write_audit("new", effect=0.4, seed=1)
    work("old", params)
    rows = score("old", "old", params)
    assert [row["scored"] for row in rows] == ["detector"] * 10 + ["out_of_fold"] * 70
    assert [row["member"] for row in rows[:12]] == [None] * 10 + [False, True]
    out_of_fold = read_table(artifact("fidelity_detector", "old", "scores.parquet")).to_pylist()
    of_target = {row["clip_id"]: row["score"] for row in out_of_fold if row["role"] == "target"}
    assert {row["clip_id"]: row["score"] for row in rows[10:]} == of_target
    others = score("new", "old", params)
    told = [row["score"] for row in others if row["member"]], [row["score"] for row in others if not row["member"]]
    assert np.median(told[0]) > np.median(told[1]) + 1
    print_scores("new", "old")
    shown = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["clip_id"], float(row["score"])) for row in shown] == [
        (row["clip_id"], row["score"]) for row in others
    ]


def test_a_detector_transfers_where_memory_looks_alike(
    params: Whole, write_audit: WriteAudit, capsys: pytest.CaptureFixture[str]
) -> None:
    write_audit("old", effect=0.4)
    write_audit("new", effect=0.4, seed=1)
    for name in ("old", "new"):
        work(name, params)
    rows = transfer(["old", "new"], params)
    found = {(row["detector"], row["audit"], row["role"]): row["auc"] for row in rows}
    assert len(found) == 8
    assert found["old", "new", "target"] > 0.8
    assert abs(found["old", "new", "reference"] - 0.5) < 0.2
    own = read_json(artifact("fidelity_detector", "old", "details.json"))["auc"]
    assert found["old", "old", "target"] == own
    table = as_table(rows, "target").splitlines()
    assert table[0] == "| detector | old | new |"
    assert table[2].startswith(f"| old | {own:.3f} [")
    print_transfer([])
    assert "\n".join(table) in capsys.readouterr().out


def test_what_is_wrong_is_named(params: Whole, write_audit: WriteAudit) -> None:
    write_audit("old", effect=0.4)
    work("old", params)
    with pytest.raises(EarwitnessError, match="'nobody' is neither an audit nor a corpus"):
        score("nobody", "old", params)
    with pytest.raises(EarwitnessError, match="'nobody' is not declared"):
        score("old", "nobody", params)
    write_audit("new")
    kept = pq.read_table(artifact("perturbation", "new", "neighbours.parquet"))
    put(
        "perturbation", "new", "neighbours", kept.filter([name != "noise" for name in kept["perturbation"].to_pylist()])
    )
    with pytest.raises(EarwitnessError, match="needs neighbours of 'noise', and these clips have none"):
        score("new", "old", params)
    rows = pq.read_table(artifact("logits", "old", "tokens.parquet"))
    put("logits", "old", "tokens", rows.filter([role == "target" for role in rows["role"].to_pylist()]))
    by_model = params.fidelity_detector.model_copy(update={"labels": "model"})
    with pytest.raises(EarwitnessError, match="labels: model needs a reference"):
        work("old", params.model_copy(update={"fidelity_detector": by_model}))
