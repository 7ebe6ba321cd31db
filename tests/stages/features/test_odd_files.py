"""Odd recordings, from the manifest to the blind baseline: defined values or quarantine, never NaN, never a crash."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stages.blind_baseline.__main__ import work as blind_baseline
from stages.core.sound.audio import RATE, Samples
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.features.__main__ import main as features
from stages.perturbation.__main__ import main as perturb
from tests.stages.conftest import voice

Make = Callable[[int], tuple[Samples, int]]
TEXT = "The same words in every clip."


def plain(index: int) -> tuple[Samples, int]:
    return voice(index), RATE


def silent(index: int) -> tuple[Samples, int]:
    return np.zeros(RATE, np.float32), RATE


def nearly_silent(index: int) -> tuple[Samples, int]:
    samples = np.zeros(RATE, np.float32)
    samples[100 + index] = 2.0**-15
    return samples, RATE


def short(index: int) -> tuple[Samples, int]:
    return voice(index, 0.05), RATE


def constant(index: int) -> tuple[Samples, int]:
    return np.full(RATE, 0.1 + 0.01 * index, np.float32), RATE


def clipped(index: int) -> tuple[Samples, int]:
    return np.clip(40 * voice(index), -1, 1), RATE


def narrow(index: int) -> tuple[Samples, int]:
    return voice(index)[::2], 8000


def stereo(index: int) -> tuple[Samples, int]:
    return np.column_stack([voice(index), -0.3 * voice(index + 50)]), 44_100


@pytest.fixture
def audited(workplace: Path, make_params: Any) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """Write a corpus, run ingest, perturbation, features and blind baseline, check that all is finite."""

    def run(make: Make, clips: int = 12, speaker: str = "", limits: dict[str, Any] | None = None) -> Any:
        folder = workplace / "data/raw/odd"
        folder.mkdir(parents=True)
        lines = ["clip_id,path,text,member,speaker"]
        for index in range(clips):
            # Every other clip is an ordinary one, so that what is quarantined does not leave an empty corpus.
            samples, rate = make(index) if index % 4 < 2 else plain(index)
            soundfile.write(folder / f"{index}.wav", samples, rate)
            lines.append(f"{index:02},{index}.wav,{TEXT},{index % 2},{speaker or f's{index % 5}'}")
        (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
        params = make_params({"odd": "column"}, corpus=limits or {})
        ingest("odd", params)
        perturb("odd", params)
        features("odd", params)
        blind_baseline("odd", params)
        table = read_table(artifact("features", "odd", "features.parquet"))
        for column in table.drop_columns("clip_id").itercolumns():
            assert np.isfinite(column.to_numpy()).all()
        scores = read_table(artifact("blind_baseline", "odd", "scores.parquet"))
        probability = scores["probability"].to_numpy()
        assert ((probability >= 0) & (probability <= 1)).all()
        assert np.isfinite(scores["odds_weight"].to_numpy()).all()
        return table, read_json(artifact("blind_baseline", "odd", "details.json"))

    return run


@pytest.mark.parametrize("make", [nearly_silent, constant, clipped, narrow, stereo])
def test_what_is_odd_has_values(audited: Any, make: Make) -> None:
    table, metrics = audited(make)
    assert table.num_rows == 12
    assert 0 <= metrics["blind"]["fused"]["auc"] <= 1
    assert metrics["population"]["kind"] is None
    assert "6 clips on the smaller side" in metrics["population"]["reason"]


@pytest.mark.parametrize(("make", "reason"), [(silent, "silent: every sample is zero"), (short, "shorter than")])
def test_what_cannot_be_used_is_quarantined(audited: Any, make: Make, reason: str) -> None:
    table, metrics = audited(make)
    assert table.num_rows == 6
    set_aside = read_table(artifact("corpus", "odd", "quarantine.parquet"))["reason"].to_pylist()
    assert len(set_aside) == 6
    assert all(why.startswith(reason) for why in set_aside)
    assert (metrics["clips"]["member"], metrics["clips"]["non_member"]) == (3, 3)


def test_the_shortest_clips_can_be_let_in(audited: Any) -> None:
    table, metrics = audited(short, limits={"min_seconds": 0.01})
    assert table.num_rows == 12
    assert metrics["blind"]["fused"]["auc_ci"][0] >= 0


def test_constant_texts_and_one_speaker_tell_nothing(audited: Any) -> None:
    _, metrics = audited(plain, clips=24, speaker="only")
    assert metrics["blind"]["textual"]["auc"] == 0.5
    assert metrics["ngrams"] == []
    assert any("one speaker only" in note for note in metrics["notes"])


@pytest.mark.slow
def test_ten_minutes_are_measured_and_more_is_quarantined(audited: Any) -> None:
    def long(index: int) -> tuple[Samples, int]:
        return np.tile(voice(index), 600 if index == 0 else 700 if index == 1 else 1), RATE

    table, _ = audited(long, clips=8)
    assert table.num_rows == 7
    assert table["recording.seconds"].to_numpy().max() == 600
    assert read_table(artifact("corpus", "odd", "quarantine.parquet")).num_rows == 1
