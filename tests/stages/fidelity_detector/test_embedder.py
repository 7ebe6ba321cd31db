"""An outside embedder: real, tiny models of sound and of text, by their folders."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
)

from stages.core.errors import EarwitnessError
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.fidelity_detector.embedder import outside_vectors
from stages.perturbation.__main__ import main as perturb

SIZE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def sound_model(folder: Path) -> None:
    config = Wav2Vec2Config(
        conv_dim=(8, 8), conv_kernel=(10, 8), conv_stride=(40, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, **SIZE,
    )  # fmt: skip
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)


def text_model(folder: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tom", "saw", "old", "ships", "."]
    BertTokenizerFast(vocab={word: code for code, word in enumerate(words)}).save_pretrained(folder)
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=32, **SIZE)).save_pretrained(folder)


@pytest.mark.parametrize(("make", "column"), [(sound_model, "audio_hash"), (text_model, "text")])
def test_vectors_differ_where_what_is_embedded_does(
    make: Any, column: str, bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    make(Path("model"))
    bring("mine", 3)
    params = make_params({"mine": "column"})
    ingest("mine", params)
    perturb("mine", params)
    capsys.readouterr()
    found = outside_vectors("model", "none", "mine")
    rows = read_table(Path("data/perturbation/mine/neighbours.parquet")).to_pylist()
    assert set(found) == {row["neighbour_id"] for row in rows}
    assert {len(vectors["outside"]) for vectors in found.values()} == {16}
    original = {row["clip_id"]: row for row in rows if row["kind"] == "original"}
    for row in rows:
        own, first = (found[part["neighbour_id"]]["outside"] for part in (row, original[row["clip_id"]]))
        if row[column] == original[row["clip_id"]][column]:
            np.testing.assert_array_equal(own, first)
        elif column == "audio_hash":
            assert not np.array_equal(own, first)
            assert (row["audio"], row["seconds"]) == (None, 1.0)
    computed = int(capsys.readouterr().out.split()[1])
    assert computed == len({row[column] for row in rows})
    again = outside_vectors("model", "none", "mine")
    assert "0 rows computed" in capsys.readouterr().out
    for neighbour_id, vectors in found.items():
        np.testing.assert_array_equal(again[neighbour_id]["outside"], vectors["outside"])


def test_a_model_that_is_not_there_is_named(workplace: Path) -> None:
    with pytest.raises(EarwitnessError, match="embedder: no model with safetensors at"):
        outside_vectors("./nothing", "none", "mine")
