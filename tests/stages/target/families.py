"""A small, untrained but real checkpoint of every family, as files with its tokenizer and feature extractor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from stages.lab_target.build import build_model, build_processor, byte_tokenizer
from stages.target.adapters.qwen2_audio import Qwen2AudioAdapter

WIDTH = 32
MELS = 16
WINDOW = 4
"""Seconds, for families that have a window."""
AUDIO = "<|audio|>"
WEIGHT_DEVIATION = 0.2
"""With the default of 0.02 a model this narrow hardly hears."""

SIZES = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}


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


def _ids(tokens: PreTrainedTokenizerFast) -> dict[str, int]:
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


def qwen2_audio(folder: Path) -> None:
    """Qwen2-Audio: the lab's own."""
    processor = build_processor()
    Qwen2AudioAdapter(build_model(processor, 7).eval(), processor).save(folder)


ENCODER_DECODER = {
    "d_model": WIDTH,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}


def whisper(folder: Path) -> None:
    """Whisper, multilingual, with suppressed tokens."""
    start, task, untimed = "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>"
    tokens = tokenizer(start, "<|de|>", "<|en|>", task, untimed)
    id_of = tokens.convert_tokens_to_ids
    config = transformers.WhisperConfig(
        **ENCODER_DECODER,
        **_ids(tokens),
        num_mel_bins=MELS,
        max_source_positions=WINDOW * 50,
        max_target_positions=128,
        decoder_start_token_id=id_of(start),
    )
    model = seeded(lambda: transformers.WhisperForConditionalGeneration(config))
    model.generation_config.lang_to_id = {"<|de|>": id_of("<|de|>"), "<|en|>": id_of("<|en|>")}
    model.generation_config.task_to_id = {"transcribe": id_of(task)}
    model.generation_config.no_timestamps_token_id = id_of(untimed)
    model.generation_config.suppress_tokens = list(range(len(tokens) - 8, len(tokens)))
    model.generation_config.begin_suppress_tokens = [tokens.eos_token_id]
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW))


def moonshine(folder: Path) -> None:
    """Moonshine: raw waveform, no window."""
    tokens = tokenizer()
    config = transformers.MoonshineConfig(
        **_ids(tokens),
        hidden_size=WIDTH,
        intermediate_size=64,
        encoder_num_hidden_layers=2,
        decoder_num_hidden_layers=2,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        decoder_start_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: transformers.MoonshineForConditionalGeneration(config))
    save(folder, model, tokens, transformers.Wav2Vec2FeatureExtractor(do_normalize=False))


def speech_to_text(folder: Path) -> None:
    """Speech2Text: filter banks, convolutions."""
    tokens = tokenizer()
    config = transformers.Speech2TextConfig(
        **ENCODER_DECODER,
        **_ids(tokens),
        conv_channels=WIDTH,
        input_feat_per_channel=MELS,
        max_source_positions=WINDOW * 100,
        max_target_positions=256,
        decoder_start_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: transformers.Speech2TextForConditionalGeneration(config))
    extractor = transformers.Speech2TextFeatureExtractor(feature_size=MELS, num_mel_bins=MELS)
    save(folder, model, tokens, extractor)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "qwen2_audio": qwen2_audio,
    "whisper": whisper,
    "moonshine": moonshine,
    "speech_to_text": speech_to_text,
}
ATTENTION = {"speech_to_text": "eager"}
"""Families that offer no fused attention."""
