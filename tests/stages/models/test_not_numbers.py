"""Log-probabilities that are not numbers: named at `target`, counted from `logits` to the verdict, never 'deaf'."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from stages.attacks.__main__ import work as attacks
from stages.blind_baseline.__main__ import work as blind_baseline
from stages.core.errors import EarwitnessError
from stages.core.schemas.failures import INFINITE, NOT_NUMBERS
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table
from stages.evaluation.__main__ import work as evaluation
from stages.fidelity_detector.__main__ import work as fidelity_detector
from stages.logits.__main__ import work as logits
from stages.models.adapter import Reduced
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.target.__main__ import work as target
from tests.params import Whole, load_whole, own_params
from tests.stages.models.test_closed_audit import CLIPS, CORPUS, write_corpus

AUDIT, TARGET = "damaged", "small"
ENCODER = "audio_tower.layers.0.fc1.weight"


@pytest.fixture
def params(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    """A folder with a small target and a corpus of sixteen clips that say 'clip 0' to 'clip 15'."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(checkpoint, tmp_path / "models" / TARGET)
    content = own_params(
        {CORPUS: "column"},
        targets={TARGET: {"model": TARGET, "revision": "none", "dtype": "float32"}},
        audits={AUDIT: {"corpus": CORPUS, "target": TARGET, "reference": "none"}},
        evaluation={"primary_attacks": ["loss/transcript/given/0"]},
    )
    Path("params.yaml").write_text(yaml.safe_dump(content))
    return load_whole()


def spoil(part: str, place: tuple[int, ...]) -> None:
    """Write NaN into the first weight that has `part` in its name."""
    path = Path("models", TARGET, "model.safetensors")
    weights = load_file(path)
    weights[next(name for name in weights if part in name)][place] = float("nan")
    save_file(weights, path, {"format": "pt"})


def spoil_letter(letter: str) -> None:
    adapter = load_checkpoint(f"models/{TARGET}", LoadOptions())
    spoil("embed_tokens", (adapter.parts.tokenizer.convert_tokens_to_ids(letter),))  # type: ignore[attr-defined]


def audited(params: Whole) -> None:
    write_corpus()
    logits(AUDIT, params)
    attacks(AUDIT, params)
    fidelity_detector(AUDIT, params)
    blind_baseline(CORPUS, params)
    evaluation(AUDIT, params)


def test_a_model_without_any_number_is_named_and_nothing_is_written(params: Whole) -> None:
    spoil(ENCODER, (0, 0))
    with pytest.raises(EarwitnessError, match=NOT_NUMBERS):
        target(TARGET, params)
    assert not Path("data").exists()


def test_clips_that_are_not_scored_are_counted_up_to_the_verdict(
    params: Whole, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil_letter("1")
    target(TARGET, params)
    assert read_json(artifact("target", TARGET, "target.json"))["audible"] is True
    audited(params)
    rows = read_table(artifact("logits", AUDIT, "tokens.parquet")).to_pylist()
    for row in rows:
        assert (row["failure"] == NOT_NUMBERS) is ("1" in row["text"])
        assert (row["token_ids"] == []) is ("1" in row["text"])
        assert row["logprob"] is None or np.isfinite(row["logprob"]).all()
    assert f"transcript/given/0: 7 of {CLIPS} clips and 14 of {2 * CLIPS} neighbours were not scored: it " in (
        capsys.readouterr().out
    )
    found = read_json(artifact("evaluation", AUDIT, "details.json"))
    assert f"7 of {CLIPS} clips were not scored: the target {NOT_NUMBERS}" in found["verdict"]["reasons"]
    assert found["attacks"]["loss/transcript/given/0"]["n"] == CLIPS - 7
    assert found["verdict"]["finding"] != "not_audible"


@pytest.mark.parametrize(
    ("values", "reason"),
    [([-1.0, -2.0], None), ([], None), ([-1.0, float("nan")], NOT_NUMBERS), ([-1.0, float("-inf")], INFINITE)],
)
def test_a_row_says_why_it_has_no_scores(values: list[float], reason: str | None) -> None:
    none = torch.empty(0)
    row = Reduced({}, {"transcript": {"logprob": torch.tensor(values)}}, none, none, 0.0)
    assert row.why_unscored("transcript") == reason
