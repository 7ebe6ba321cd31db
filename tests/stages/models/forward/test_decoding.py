"""Decoders of several kinds: those that take packed rows, and those that do not, give the same as the plain forward."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from stages.models.forward.answering import AnswerRules
from stages.models.forward.decoding import LanguageModel, packed_ids
from stages.models.forward.packing import PackedRows

SMALL = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
CONFIGS: dict[str, tuple[transformers.PretrainedConfig, bool]] = {
    "llama": (transformers.LlamaConfig(**SMALL), True),
    "mistral, a window of 4": (transformers.MistralConfig(**SMALL, sliding_window=4), True),
    "gpt2, learnt positions": (transformers.GPT2Config(vocab_size=40, n_embd=32, n_layer=2, n_head=4), True),
    "gemma2, capped scores": (transformers.Gemma2Config(**SMALL, head_dim=8, query_pre_attn_scalar=8), False),
    "mamba, a recurrent state": (
        transformers.MambaConfig(vocab_size=40, hidden_size=32, num_hidden_layers=2, state_size=4),
        False,
    ),
    "lfm2, convolutions": (
        transformers.Lfm2Config(**SMALL, layer_types=["conv", "full_attention"], block_multiple_of=8),
        False,
    ),
}
ROWS = [[2, 3, 4, 5, 6, 7, 8, 9], [2, 3, 4, 5, 9, 8], [2, 3, 4, 5, 6], [7, 6, 5], [3, 2, 9, 9, 9, 9, 9, 9, 9, 9]]
SOUNDS = ["a", "a", "a", "b", "c"]


@pytest.fixture(params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(kind: str) -> Any:
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(CONFIGS[kind][0], attn_implementation=attention(kind)).eval()


def attention(kind: str) -> str:
    return "eager" if kind.startswith(("gemma2", "mamba")) else "sdpa"


def language_model(model: Any) -> LanguageModel:
    return LanguageModel(model.base_model, model.get_input_embeddings(), model.get_output_embeddings(), lambda ids: {})


def test_who_takes_packed_rows(model: Any, kind: str) -> None:
    assert language_model(model).packs is CONFIGS[kind][1]


@torch.inference_mode()
def test_hidden_states_are_those_of_the_rows_by_themselves(model: Any) -> None:
    decoder = language_model(model)
    shared = decoder.share(ROWS, SOUNDS, [3] * len(ROWS))
    assert (sum(shared.lengths) > 0) is decoder.packs
    rows = PackedRows([len(row) for row in ROWS], shared, torch.device("cpu"))
    ids = packed_ids(ROWS, shared, rows)
    hidden = decoder.hidden(ids, decoder.embed(ids), rows)
    for at, row in enumerate(ROWS):
        alone = model.base_model(torch.tensor([row]), use_cache=False).last_hidden_state[0]
        torch.testing.assert_close(hidden[rows.places(at, range(len(row)))], alone, atol=1e-4, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("unchecked", [1, 3])
def test_answers_are_those_of_generate(model: Any, unchecked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.models.forward.decoding.STEPS_UNCHECKED", {"cpu": unchecked})
    decoder, tokens = language_model(model), [torch.tensor(row) for row in ROWS]
    free = [of_row(model, row, 9) for row in ROWS]
    end = free[0][4]  # the end becomes a token that the first row's answer holds
    made = decoder.greedy(tokens, [decoder.embed(ids) for ids in tokens], AnswerRules(None, (end, 0), 9))
    assert made == [until(row, {end, 0}) for row in free]


@torch.inference_mode()
@pytest.mark.parametrize("unchecked", [1, 3])
def test_answers_follow_the_rules_of_the_checkpoint(
    model: Any, unchecked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.models.forward.decoding.STEPS_UNCHECKED", {"cpu": unchecked})
    model.generation_config.update(
        repetition_penalty=1.3, no_repeat_ngram_size=2, suppress_tokens=[4], min_new_tokens=3
    )
    decoder, tokens = language_model(model), [torch.tensor(row) for row in ROWS]
    rules = AnswerRules(model.generation_config, (7, 0), 9)
    made = decoder.greedy(tokens, [decoder.embed(ids) for ids in tokens], rules)
    assert made == [until(of_row(model, row, 9, ends=[7, 0]), {7, 0}) for row in ROWS]


def until(row: list[int], ends: set[int]) -> list[int]:
    return row[: next((at for at, token in enumerate(row) if token in ends), len(row))]


def of_row(model: Any, row: list[int], count: int, ends: list[int] | None = None) -> list[int]:
    ids = torch.tensor([row])
    made = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=ends,
        pad_token_id=0,
    )
    return [int(token) for token in made[0, len(row) :]]
