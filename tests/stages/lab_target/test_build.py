"""The lab's model and processor: real classes, any text, saved and loaded by their own loaders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoProcessor

from stages.lab_target.build import AUDIO, END, USER, build_model, build_processor, byte_tokenizer

TOKENIZER = byte_tokenizer()


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    ids = TOKENIZER(text, add_special_tokens=False, split_special_tokens=True).input_ids
    assert TOKENIZER.decode(ids) == text
    assert len(ids) == len(text.encode())


def test_special_tokens_are_one_token_each() -> None:
    assert len(TOKENIZER(f"{USER}{AUDIO}{END}", add_special_tokens=False).input_ids) == 3
    assert TOKENIZER.eos_token == END


def test_the_processor_loads_as_any_other(tmp_path: Path) -> None:
    processor = build_processor()
    processor.save_pretrained(tmp_path)
    build_model(processor, 7).config.save_pretrained(tmp_path)
    loaded = AutoProcessor.from_pretrained(tmp_path)
    turn = [{"role": "user", "content": [{"type": "audio", "audio_url": "x"}, {"type": "text", "text": "What?"}]}]
    rendered = loaded.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
    assert rendered == "<|user|><|audio_bos|><|AUDIO|><|audio_eos|>What?<|im_end|><|assistant|>"
    batch = loaded(text=rendered, audio=[np.zeros(16_000, np.float32)], sampling_rate=16_000, return_tensors="pt")
    assert (batch["input_ids"] == loaded.audio_token_id).sum() == 25
    assert batch["input_features"].shape == (1, 64, 400)


def test_equal_seeds_give_equal_weights() -> None:
    processor = build_processor()
    one, same, other = (build_model(processor, seed).state_dict() for seed in (7, 7, 8))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["lm_head.weight"], other["lm_head.weight"])


def test_the_model_is_small_and_its_positions_are_sinusoids() -> None:
    model = build_model(build_processor(), 7)
    assert 0.8e6 < sum(weight.numel() for weight in model.parameters()) < 2e6
    positions = model.model.audio_tower.embed_positions.weight
    assert positions[0, :64] == pytest.approx(0.0)
    assert torch.allclose(positions[1, [0, 64]], torch.tensor([1.0]).sin().new_tensor([0.841471, 0.540302]))
