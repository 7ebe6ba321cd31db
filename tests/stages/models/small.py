"""What small checkpoints of every family are made of: sizes, a tokenizer of bytes, weights that hear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from stages.lab_target.build import byte_tokenizer

WIDTH = 32
MELS = 16
WINDOW = 4
"""Seconds, for families that have a window."""
AUDIO = "<|audio|>"
WEIGHT_DEVIATION = 0.2
"""With the default of 0.02 a model this narrow hardly hears."""

SIZES = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}

ENCODER_DECODER = {
    "d_model": WIDTH,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}


def tokenizer(*special: str, **named: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer of bytes with more special tokens."""
    made = byte_tokenizer()
    made.add_special_tokens({"additional_special_tokens": [*special]}, replace_extra_special_tokens=False)
    for name, token in named.items():
        setattr(made, name, token)
    return made


def seeded(build: Callable[[], Any]) -> Any:
    """Build a model whose weights are drawn wide enough to hear."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = build()
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "embed_positions" not in name:
                torch.nn.init.normal_(weight, std=WEIGHT_DEVIATION)
    return model.eval()


def ids(tokens: PreTrainedTokenizerFast) -> dict[str, int]:
    """Return a config's size of the vocabulary and special tokens."""
    return {
        "vocab_size": len(tokens),
        "pad_token_id": tokens.pad_token_id,
        "eos_token_id": tokens.eos_token_id,
        "bos_token_id": tokens.eos_token_id,
    }


def save(folder: Path, model: Any, *parts: Any) -> None:
    """Save a checkpoint's parts in one folder."""
    for part in (model, *parts):
        part.save_pretrained(folder)
