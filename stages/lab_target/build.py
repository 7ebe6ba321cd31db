"""The lab's model and processor before training: real classes of `transformers` in a small size."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.forward.parts import Parts

WINDOW_SECONDS = 4
MELS = 64
WIDTH = 128
ENCODER_LAYERS = 2
DECODER_LAYERS = 4
HEADS = 4
FRAMES_PER_SECOND = 100  # of the feature extractor; the encoder's second convolution halves the rate
INITIAL_DEVIATION = WIDTH**-0.5
"""The default of 0.02 suits thousands of dimensions. With 128 the signal fades, and the model does not learn to listen.
"""

PAD, END, USER, ASSISTANT = "<|endoftext|>", "<|im_end|>", "<|user|>", "<|assistant|>"
AUDIO, AUDIO_START, AUDIO_STOP = "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    f"{{% if message['role'] == 'assistant' %}}{ASSISTANT}{{% else %}}{USER}{{% endif %}}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    f"{{% if part['type'] == 'audio' %}}{AUDIO_START}{AUDIO}{AUDIO_STOP}{{% else %}}{{{{ part['text'] }}}}{{% endif %}}"
    "{% endfor %}{% endif %}"
    f"{END}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{ASSISTANT}{{% endif %}}"
)
"""Roles are single tokens. As bytes they would take up a third of every prompt."""


def build_adapter(seed: int, window_seconds: int = WINDOW_SECONDS) -> Qwen2AudioAdapter:
    """Return the untrained model with its processor, ready for inference or training."""
    processor = build_processor(window_seconds)
    return Qwen2AudioAdapter(Parts.of_processor(build_model(processor, seed).eval(), processor))


def build_processor(window_seconds: int = WINDOW_SECONDS) -> Any:
    """Return the processor: log-mel features of one window, a tokenizer of UTF-8 bytes, and a chat template."""
    return Qwen2AudioProcessor(
        feature_extractor=WhisperFeatureExtractor(feature_size=MELS, chunk_length=window_seconds),
        tokenizer=byte_tokenizer(),
        chat_template=CHAT_TEMPLATE,
    )


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer with one token for each byte and no merges. It can encode any text in any language."""
    vocabulary = {character: number for number, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[USER, ASSISTANT, AUDIO, AUDIO_START, AUDIO_STOP],
        clean_up_tokenization_spaces=False,
    )


def build_model(processor: Any, seed: int) -> Qwen2AudioForConditionalGeneration:
    """Return the untrained model with the processor's window. Equal seeds give equal weights."""
    tokenizer = processor.tokenizer
    positions = processor.feature_extractor.chunk_length * FRAMES_PER_SECOND // 2
    config = Qwen2AudioConfig(
        audio_config={
            "d_model": WIDTH,
            "encoder_layers": ENCODER_LAYERS,
            "encoder_attention_heads": HEADS,
            "encoder_ffn_dim": 2 * WIDTH,
            "num_mel_bins": MELS,
            "max_source_positions": positions,
            "initializer_range": INITIAL_DEVIATION,
        },
        text_config={
            "model_type": "qwen2",
            "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH,
            "num_hidden_layers": DECODER_LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 2048,
            "initializer_range": INITIAL_DEVIATION,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        audio_token_index=tokenizer.convert_tokens_to_ids(AUDIO),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2AudioForConditionalGeneration(config)
    model.model.audio_tower.embed_positions.weight.data.copy_(_sinusoids(positions))
    return model


def _sinusoids(positions: int) -> torch.Tensor:
    """Return the encoder's fixed position embeddings, float32[positions, WIDTH]: sines, then cosines.

    Released checkpoints have them (arXiv 2212.04356). A new model would have random values, which are never trained.
    """
    periods = 10_000 ** (torch.arange(WIDTH // 2) / (WIDTH // 2 - 1))
    phases = torch.arange(positions)[:, None] / periods
    return torch.cat([phases.sin(), phases.cos()], dim=1)
