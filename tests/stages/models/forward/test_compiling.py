"""Compiled layers give the same numbers, and where compiling fails the model stays as it was."""

from __future__ import annotations

import pytest
import torch

from stages.models.forward.compiling import LEAST_ALIKE, compile_layers
from tests.benchmarks.corpora import LAB, queries, qwen2_audio

AUDIO = {"d_model": 32, "encoder_layers": LEAST_ALIKE, "encoder_attention_heads": 2, "encoder_ffn_dim": 64}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": LEAST_ALIKE,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 512,
}


def failing() -> None:
    raise RuntimeError("no compiler")


def test_a_model_that_cannot_be_compiled_stays_as_it_was() -> None:
    model = torch.nn.Sequential(torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(LEAST_ALIKE)))
    assert not compile_layers([model], failing)
    assert all(layer._compiled_call_impl is None for layer in model[0])


def test_a_model_without_repeated_layers_is_not_compiled() -> None:
    assert not compile_layers([torch.nn.Linear(2, 2)], lambda: None)


@pytest.mark.slow
def test_compiled_layers_give_the_same_numbers() -> None:
    adapter, rows = qwen2_audio(AUDIO, TEXT, 2), queries(2, 1.0, 4, LAB)
    before = adapter.forced(rows, ["transcript"]), adapter.generate(rows, 6)
    assert adapter.compile()
    after = adapter.forced(rows, ["transcript"]), adapter.generate(rows, 6)
    assert before[1] == after[1]
    for one, other in zip(before[0], after[0], strict=True):
        torch.testing.assert_close(one.logits, other.logits, atol=1e-4, rtol=0)
