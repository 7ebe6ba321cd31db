"""From artifacts to artifacts: the stage and the shift map on small corpora."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from stages.blind_baseline.__main__ import work
from stages.blind_baseline.shift_map import main as print_map
from stages.blind_baseline.shift_map import work as shift_map
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.features import features_schema
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table, write_table
from tests.params import Whole

NAMES = ["recording.bandwidth", "recording.snr", "spectral.centroid_mean", "textual.words"]


@pytest.fixture
def params(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    content = yaml.safe_load((repository / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("lab_trained", "lab_leaky")):
        write_corpus(name, np.random.default_rng(seed), 3000.0 * seed)
    return Whole.model_validate(content)


def write_corpus(name: str, rng: np.random.Generator, gap: float, clips: int = 160) -> None:
    """Write a corpus whose members' sound goes `gap` Hz higher, in speakers of four clips and two rooms."""
    ids = [f"{at:04}" for at in range(clips)]
    member = np.arange(clips) % 2 == 0
    rows = [
        {
            "clip_id": clip_id,
            "text": f"{'seen before' if inside and gap else 'nothing'} {at % 7}",
            "member": bool(inside),
            "speaker": f"s{at // 4}",
            "attributes": [("room", "hall" if at % 4 < 2 else "studio")],
        }
        for at, (clip_id, inside) in enumerate(zip(ids, member, strict=True))
    ]
    write_table(artifact("corpus", name, "clips.parquet"), pa.Table.from_pylist(rows, CLIPS_SCHEMA), CLIPS_SCHEMA)
    values = rng.normal(size=(clips, len(NAMES))) * [500, 5, 100, 2] + [4000, 20, 1500, 9]
    values[member, 0] += gap
    columns = {name: values[:, at].astype(np.float32) for at, name in enumerate(NAMES)}
    table = pa.table({"clip_id": ids, **columns})
    write_table(artifact("features", name, "features.parquet"), table, features_schema(NAMES))


def test_a_leaky_corpus_is_told_with_what_gives_it_away(params: Whole) -> None:
    work("lab_leaky", params)
    found = read_json(artifact("blind_baseline", "lab_leaky", "details.json"))
    assert found["blind"]["fused"]["auc"] > 0.95
    assert set(found["blind"]["recording"]["estimators"]) == {"logistic", "boosting"}
    assert found["blind"]["spectral"]["auc_ci"][0] < 0.5
    assert found["giveaways"][0]["words"].startswith("sound ends at ")
    assert found["giveaways"][0]["direction"] == "members"
    assert "seen before" in {tell["ngram"] for tell in found["ngrams"]}
    assert found["population"]["kind"] is None
    scores = read_table(artifact("blind_baseline", "lab_leaky", "scores.parquet"))
    assert np.isfinite(scores["probability"].to_numpy()).all()
    assert found["odds_weights"]["trimmed"] > 100
    fused = found["blind"]["fused"]
    assert read_json(artifact("blind_baseline", "lab_leaky", "metrics.json")) == {
        "blind_auc": fused["auc"], "blind_auc_low": fused["auc_ci"][0], "blind_auc_high": fused["auc_ci"][1],
        "n": 160, "speakers": 40, "population": "none", "members": 0, "non_members": 0, "population_blind_auc": None,
    }  # fmt: skip


def test_a_corpus_at_chance_is_its_own_population(params: Whole) -> None:
    work("lab_trained", params)
    found = read_json(artifact("blind_baseline", "lab_trained", "details.json"))
    low, high = found["blind"]["fused"]["auc_ci"]
    assert low <= 0.5 <= high
    assert found["ngrams"] == []
    assert found["given_up"] is None
    figures = read_json(artifact("blind_baseline", "lab_trained", "metrics.json"))
    assert (figures["population"], figures["members"], figures["non_members"]) == ("whole", 80, 80)
    assert figures["population_blind_auc"] == found["population"]["blind_auc"]


def test_the_map_is_printed_and_written_only_where_it_is_asked_for(
    params: Whole, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(repository / "params.yaml", "params.yaml")
    before = set(Path().rglob("*.json"))
    monkeypatch.setattr("sys.argv", ["shift_map", "lab_trained", "lab_leaky"])
    print_map()
    assert "lab_leaky (160 clips) and lab_trained (160): acoustic 0." in capsys.readouterr().out
    assert set(Path().rglob("*.json")) == before
    monkeypatch.setattr("sys.argv", ["shift_map", "lab_trained", "lab_leaky", "--json", "map.json"])
    print_map()
    assert set(read_json(Path("map.json"))) == {"between", "parts"}


def test_the_map_shows_corpora_and_parts(params: Whole) -> None:
    found = shift_map(["lab_trained", "lab_leaky"], params)
    (pair,) = found["between"]
    assert pair["between"] == ["lab_leaky", "lab_trained"]
    assert pair["acoustic"]["auc"] > 0.6
    (rooms,) = found["parts"]["lab_trained"]["room"]
    assert rooms["between"] == ["hall", "studio"]
    assert rooms["fused"]["auc_ci"][0] <= 0.5 <= rooms["fused"]["auc_ci"][1]
