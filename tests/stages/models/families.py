"""A small, untrained but real checkpoint of every family, as files with its tokenizer and feature extractor."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from stages.lab_target.build import build_adapter, byte_tokenizer
from stages.models.families.composed import ComposedConfig, compose
from stages.models.options import LoadOptions
from tests.stages.models.recognisers import LANGUAGES, RECOGNISERS
from tests.stages.models.small import AUDIO, ENCODER_DECODER, MELS, SIZES, WIDTH, WINDOW, ids, save, seeded, tokenizer


def qwen2_audio(folder: Path) -> None:
    """Qwen2-Audio: the lab's own."""
    build_adapter(7).save(folder)


CHAT = (
    "{% for message in messages %}<|{{ message['role'] }}|>"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'audio' %}<|audio|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def chatting(*special: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer with a chat template."""
    tokens = tokenizer(AUDIO, *special)
    tokens.chat_template = CHAT
    return tokens


def language_model(tokens: PreTrainedTokenizerFast, model_type: str) -> dict[str, Any]:
    """Return the config of a small language model."""
    heads = {"num_key_value_heads": 2, "max_position_embeddings": 4096}
    return {"model_type": model_type, **SIZES, **heads, **ids(tokens)}


def windowed(kind: str, encoder: dict[str, Any], text: str, folder: Path) -> None:
    """Audio Flamingo 3 or GLM-ASR: windows of 2 s, and two of them at most."""
    tokens = chatting()
    extractor = WhisperFeatureExtractor(feature_size=MELS, chunk_length=2)
    config = getattr(transformers, f"{kind}Config")(
        audio_config={**SIZES, "num_mel_bins": MELS, **encoder},
        text_config=language_model(tokens, text),
        audio_token_id=tokens.convert_tokens_to_ids(AUDIO),
        tie_word_embeddings=False,
    )
    model = seeded(lambda: getattr(transformers, f"{kind}ForConditionalGeneration")(config))
    processor = getattr(transformers, f"{kind}Processor")(
        extractor, tokens, chat_template=CHAT, audio_token=AUDIO, max_audio_len=WINDOW
    )
    save(folder, model, processor)


def audioflamingo3(folder: Path) -> None:
    """Audio Flamingo 3."""
    windowed("AudioFlamingo3", {"max_source_positions": 100}, "qwen2", folder)


def glmasr(folder: Path) -> None:
    """GLM-ASR, whose encoder's vectors are merged by four."""
    windowed("GlmAsr", {"intermediate_size": 4 * WIDTH}, "llama", folder)


def voxtral(folder: Path) -> None:
    """Voxtral, windows of 2 s, without a chat template as it is released."""
    tokens = tokenizer("[INST]", "[/INST]", "[BEGIN_AUDIO]", "[AUDIO]", bos_token="<|user|>")  # noqa: S106
    config = transformers.VoxtralConfig(
        audio_config={**SIZES, "intermediate_size": 4 * WIDTH, "num_mel_bins": MELS, "max_source_positions": 100},
        text_config={**language_model(tokens, "llama"), "head_dim": 16},
        audio_token_id=tokens.convert_tokens_to_ids("[AUDIO]"),
    )
    model = seeded(lambda: transformers.VoxtralForConditionalGeneration(config))
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=2))


TEKKEN_SPECIAL = (
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "<pad>"),
    *("[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    *("[TOOL_CONTENT]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[AUDIO]", "[BEGIN_AUDIO]", "[TRANSCRIBE]"),
)
TEKKEN_TOKENS = 1200
"""Tokens of the small tokenizer beside the special ones: the bytes, and the first merges of Mistral's own."""


def tekken(folder: Path, tokens: int = TEKKEN_TOKENS) -> None:
    """Write the first tokens of a tokenizer that Mistral publishes, with the special tokens and audio of Voxtral."""
    published = Path(importlib.import_module("mistral_common").__file__ or "").parent / "data/tekken_240911.json"
    content = json.loads(published.read_text(encoding="utf-8"))
    special = [{"rank": at, "token_str": token, "is_control": True} for at, token in enumerate(TEKKEN_SPECIAL)]
    config = {**content["config"], "version": "v7"}
    config |= {"default_vocab_size": len(special) + tokens, "default_num_special_tokens": len(special)}
    spectrogram = {"num_mel_bins": MELS, "hop_length": 160, "window_size": 400}
    audio = {"sampling_rate": 16000, "frame_rate": 12.5, "chunk_length_s": 2.0, "audio_encoding_config": spectrogram}
    made = {"config": config, "vocab": content["vocab"][:tokens], "special_tokens": special, "audio": audio}
    (folder / "tekken.json").write_text(json.dumps(made), encoding="utf-8")


def voxtral_published(folder: Path) -> None:
    """Voxtral with ``tekken.json`` as its only tokenizer, as it is released."""
    config = transformers.VoxtralConfig(
        audio_config={**SIZES, "intermediate_size": 4 * WIDTH, "num_mel_bins": MELS, "max_source_positions": 100},
        text_config={
            **{"model_type": "llama", **SIZES, "num_key_value_heads": 2, "max_position_embeddings": 4096},
            **{"vocab_size": len(TEKKEN_SPECIAL) + TEKKEN_TOKENS, "head_dim": 16},
            **{"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": TEKKEN_SPECIAL.index("<pad>")},
        },
        audio_token_id=TEKKEN_SPECIAL.index("[AUDIO]"),
    )
    model = seeded(lambda: transformers.VoxtralForConditionalGeneration(config))
    save(folder, model, WhisperFeatureExtractor(feature_size=MELS, chunk_length=2))
    tekken(folder)


def granite(kind: str, folder: Path, several: int, **encoder: Any) -> None:
    """Build a checkpoint whose projector takes the outputs of several layers."""
    tokens = tokenizer(AUDIO)
    tokens.chat_template = (
        "{% for message in messages %}<|{{ message['role'] }}|>{{ '' + message['content'] }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    config = getattr(transformers, f"{kind}Config")(
        encoder_config={
            "input_dim": 2 * MELS,
            "num_layers": 2,
            "hidden_dim": WIDTH,
            "num_heads": 2,
            "output_dim": 12,
            "context_size": 50,
            "max_pos_emb": 64,
            **encoder,
        },
        projector_config={
            "model_type": "blip_2_qformer",
            **SIZES,
            "encoder_hidden_size": several * WIDTH,
            "cross_attention_frequency": 1,
        },
        text_config=language_model(tokens, "granite"),
        audio_token_index=tokens.convert_tokens_to_ids(AUDIO),
        has_lora_adapter=False,
        tie_word_embeddings=False,
    )
    save(folder, seeded(lambda: getattr(transformers, f"{kind}ForConditionalGeneration")(config)), tokens)


def granite_speech(folder: Path) -> None:
    """Granite Speech, with a chat template for plain text as it is released."""
    granite("GraniteSpeech", folder, 1)


def granite_speech_plus(folder: Path) -> None:
    """Granite Speech Plus, whose projector takes two layers."""
    granite("GraniteSpeechPlus", folder, 2, cat_hidden_layers=[0])


def omni_config(tokens: PreTrainedTokenizerFast) -> Any:
    """Return the config of a small thinker."""
    return transformers.Qwen2_5OmniThinkerConfig(
        audio_config={
            "num_mel_bins": MELS,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "d_model": WIDTH,
            "output_dim": WIDTH,
            "n_window": 50,
        },
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 32},
        text_config={
            **language_model(tokens, "qwen2_5_omni_text"),
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        },
        audio_token_index=tokens.convert_tokens_to_ids("<|AUDIO|>"),
        audio_start_token_id=tokens.convert_tokens_to_ids("<|audio_bos|>"),
        audio_end_token_id=tokens.convert_tokens_to_ids("<|audio_eos|>"),
        vision_start_token_id=len(tokens),
    )


def qwen2_5_omni_thinker(folder: Path) -> None:
    """Qwen2.5-Omni's thinker alone."""
    tokens = tokenizer("<|im_start|>", "<|audio_eos|>")
    model = seeded(lambda: transformers.Qwen2_5OmniThinkerForConditionalGeneration(omni_config(tokens)))
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW))


def qwen2_5_omni(folder: Path) -> None:
    """Qwen2.5-Omni as it is released, without the parts that speak."""
    tokens = tokenizer("<|im_start|>", "<|audio_eos|>")
    config = transformers.Qwen2_5OmniConfig(thinker_config=omni_config(tokens).to_dict(), enable_audio_output=False)
    model = seeded(lambda: transformers.Qwen2_5OmniForConditionalGeneration(config))
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW))


def qwen3_omni_config(tokens: PreTrainedTokenizerFast) -> Any:
    """Return the config of a small thinker with a mixture of experts."""
    return transformers.Qwen3OmniMoeThinkerConfig(
        audio_config={
            "num_mel_bins": MELS,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "d_model": WIDTH,
            "output_dim": WIDTH,
            "downsample_hidden_size": 8,
        },
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 32}
        | {"deepstack_visual_indexes": [0]},
        text_config={
            **language_model(tokens, "qwen3_omni_moe_text"),
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": WIDTH,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        },
        audio_token_id=tokens.convert_tokens_to_ids("<|audio_pad|>"),
        audio_start_token_id=tokens.convert_tokens_to_ids("<|audio_start|>"),
        vision_start_token_id=len(tokens),
    )


QWEN3_OMNI_SPECIAL = ("<|im_start|>", "<|audio_start|>", "<|audio_pad|>", "<|audio_end|>")


def qwen3_omni_moe_thinker(folder: Path) -> None:
    """Qwen3-Omni's thinker alone."""
    tokens = tokenizer(*QWEN3_OMNI_SPECIAL)
    config = qwen3_omni_config(tokens)
    model = seeded(lambda: transformers.Qwen3OmniMoeThinkerForConditionalGeneration(config))
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW))


def qwen3_omni_moe(folder: Path) -> None:
    """Qwen3-Omni as it is released, without the parts that speak."""
    tokens = tokenizer(*QWEN3_OMNI_SPECIAL)
    thinker = qwen3_omni_config(tokens).to_dict()
    config = transformers.Qwen3OmniMoeConfig(thinker_config=thinker, enable_audio_output=False)
    model = seeded(lambda: transformers.Qwen3OmniMoeForConditionalGeneration(config))
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW))


def phi4_multimodal(folder: Path) -> None:
    """Phi-4 multimodal."""
    tokens = chatting("<|end|>")
    config = transformers.Phi4MultimodalConfig(
        **{key: value for key, value in language_model(tokens, "").items() if key != "model_type"},
        vision_config={**SIZES, "image_size": 28, "patch_size": 14, "crop_size": 28},
        audio_config={
            "hidden_size": WIDTH,
            "intermediate_size": 64,
            "num_blocks": 2,
            "num_attention_heads": 2,
            "ext_pw_out_channel": WIDTH,
            "depthwise_separable_out_channel": WIDTH,
            "nemo_conv_channels": WIDTH,
            "input_size": MELS,
            "audio_token_id": tokens.convert_tokens_to_ids(AUDIO),
        },
    )
    model = seeded(lambda: transformers.Phi4MultimodalForCausalLM(config))
    save(folder, model, tokens, transformers.Phi4MultimodalFeatureExtractor(feature_size=MELS))


def language(tokens: PreTrainedTokenizerFast, model_type: str = "llama") -> Any:
    """Return a small causal language model."""
    config = transformers.AutoConfig.for_model(**language_model(tokens, model_type))
    return seeded(lambda: transformers.AutoModelForCausalLM.from_config(config))


WAVEFORM = {**SIZES, "conv_dim": [16, 16], "conv_stride": [20, 16], "conv_kernel": [20, 16], "vocab_size": 8} | {
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}


def composed(folder: Path, encoder: str = "wavlm", lora: bool = False) -> None:
    """An encoder, a connector and a language model with a placeholder of its own."""
    tokens = byte_tokenizer()
    if encoder == "whisper":
        config: Any = transformers.WhisperConfig(
            **ENCODER_DECODER, num_mel_bins=MELS, max_source_positions=WINDOW * 50, vocab_size=8, pad_token_id=0
        )
        extractor: Any = WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW)
    else:
        config = transformers.AutoConfig.for_model(encoder, **WAVEFORM)
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False)
    hears = seeded(lambda: transformers.AutoModel.from_config(config))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        made = compose(hears, extractor, language(tokens), tokens, ComposedConfig(stack=5, width=WIDTH))
    made.save(folder)
    if lora:
        updates = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
        get_peft_model(made.model.language_model, updates).save_pretrained(str(folder / "lora"))


BUILDERS: dict[str, Callable[[Path], None]] = {
    "qwen2_audio": qwen2_audio,
    "audioflamingo3": audioflamingo3,
    "glmasr": glmasr,
    "voxtral": voxtral_published,
    "granite_speech": granite_speech,
    "granite_speech_plus": granite_speech_plus,
    "qwen2_5_omni": qwen2_5_omni,
    "qwen2_5_omni_thinker": qwen2_5_omni_thinker,
    "qwen3_omni_moe": qwen3_omni_moe,
    "qwen3_omni_moe_thinker": qwen3_omni_moe_thinker,
    "phi4_multimodal": phi4_multimodal,
    "composed": composed,
    **RECOGNISERS,
}
EAGER = ("speech_to_text", "speecht5")
"""Families that offer no fused attention."""


def options(name: str) -> LoadOptions:
    """Return how a small checkpoint of a family is loaded."""
    return LoadOptions(attention="eager" if name in EAGER else "sdpa", language=LANGUAGES.get(name, ""))
