"""Mask-filling by real, tiny masked language models of two families, saved with their tokenizers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizerFast,
)

from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.neighbours.perturbations import mask_fill
from stages.neighbours.recipe import chosen_perturbations
from stages.perturbation.__main__ import main

WORDS = ["tom", "saw", "many", "old", "red", "ships", "boats", "and", "a", "box", "of", "cats", "in", "the", "rain"]
SIZE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SENTENCE = "Tom saw old ships and red boats in the rain"


def bert(folder: Path) -> None:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s", "##ing", ".", "7"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    tokenizer = BertTokenizerFast(vocab={word: code for code, word in enumerate(vocabulary)})
    tokenizer.save_pretrained(folder)
    BertForMaskedLM(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=32, **SIZE)).save_pretrained(folder)


def roberta(folder: Path) -> None:
    folder.mkdir()
    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([" ".join(WORDS)] * 50, vocab_size=400, min_frequency=2, special_tokens=special)
    trained.save_model(str(folder))
    tokenizer = RobertaTokenizerFast(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    tokenizer.save_pretrained(folder)
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=34, pad_token_id=1, **SIZE)
    RobertaForMaskedLM(config).save_pretrained(folder)


@pytest.fixture(scope="module", params=[bert, roberta], ids=["bert", "roberta"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model") / "saved"
    torch.manual_seed(0)
    request.param(folder)
    return str(folder)


def fill(model: str, text: str, index: int = 0, **settings: Any) -> tuple[str, dict[str, Any]]:
    given = {"share": 0.3, "candidates": 5, **settings}
    return mask_fill.mask_fill(text, np.random.default_rng(index), model=model, revision="none", **given)


def test_words_are_replaced_by_other_whole_words(model: str) -> None:
    for index in range(5):
        text, recipe = fill(model, SENTENCE, index)
        words = text.split()
        assert len(recipe["positions"]) == 3
        assert len(words) == len(SENTENCE.split())
        for place, (old, new) in enumerate(zip(SENTENCE.split(), words, strict=True)):
            assert (old != new) == (place in recipe["positions"])
        assert [words[place] for place in recipe["positions"]] == recipe["replacements"]
        # No mark, no number, no middle of a word; whether it is only the beginning of one, byte-level BPE cannot tell.
        assert all(any(word.startswith(new) for word in WORDS) for new in recipe["replacements"])
        assert all(o.lower() != n for o, n in zip(recipe["words"], recipe["replacements"], strict=True))
        assert fill(model, SENTENCE, index) == (text, recipe)


def test_other_draws_give_other_words(model: str) -> None:
    assert len({fill(model, SENTENCE, index)[0] for index in range(10)}) > 5


def test_one_candidate_is_the_likeliest(model: str) -> None:
    filler = mask_fill._filler(model, "none")
    (chances,) = filler.chances(["tom", "saw", None, "ships"])
    best = max((token for token, word in filler.words.items() if word != "old"), key=lambda token: chances[token])
    drawn = {filler.drawn(chances, "old", 1, np.random.default_rng(index)) for index in range(5)}
    assert drawn == {filler.words[best]}


def test_what_lies_beyond_the_models_input_stays(model: str) -> None:
    text = " ".join(["old"] * 100)
    changed, recipe = fill(model, text, share=1.0)
    count = len(recipe["positions"])
    assert 10 < count < 40
    assert changed.split()[count:] == ["old"] * (100 - count)
    assert "old" not in changed.split()[:count]


def test_blank_texts_stay(model: str) -> None:
    assert fill(model, " ") == (" ", {"positions": [], "words": [], "replacements": []})


def test_the_stage_fills_and_other_weights_give_other_keys(model: str, bring: Any, make_params: Any) -> None:
    bring("mine", 2)
    asked = {"mask_fill": {"count": 2, "model": model, "revision": "none", "share": 0.3, "candidates": 5}}
    assert chosen_perturbations(asked)
    params = make_params({"mine": "column"}, perturbation={"neighbours": asked})
    ingest("mine", params)
    main("mine", params)
    rows = read_table(Path("data/perturbation/mine/neighbours.parquet")).to_pylist()
    assert {row["kind"] for row in rows} == {"original", "text"}
    assert all(row["audio"] is None for row in rows)
    assert len({row["text"] for row in rows if row["clip_id"] == "mine_000"}) == 3
    before = mask_fill.content(asked["mask_fill"])
    mask_fill._folder_hash.cache_clear()
    weights = next(Path(model).glob("*.safetensors"))
    kept = weights.read_bytes()
    weights.write_bytes(kept + b" ")
    assert mask_fill.content(asked["mask_fill"]) != before
    weights.write_bytes(kept)
    mask_fill._folder_hash.cache_clear()
