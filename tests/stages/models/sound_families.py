"""Small checkpoints of families whose sound `transformers` merges through one interface; see `families`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from stages.models.forward.processors import without_images
from tests.stages.models.families import BUILDERS, CHAT, chatting, language_model
from tests.stages.models.small import AUDIO, MELS, SIZES, WIDTH, WINDOW, ids, save, seeded, tokenizer


def named(tokens: PreTrainedTokenizerFast, **special: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer that has special tokens as attributes, which its files keep."""
    tokens.init_kwargs["extra_special_tokens"] = special
    tokens._set_model_specific_special_tokens(special_tokens=special)
    return tokens


def built(kind: str, config: Any) -> Any:
    """Return a small model of a class of `transformers`."""
    return seeded(lambda: getattr(transformers, kind)(config))


def musicflamingo(folder: Path) -> None:
    """Music Flamingo: windows of 2 s, two of them at most, and rotary time."""
    tokens = chatting("<|sound_bos|>", "<|sound_eos|>")
    id_of = tokens.convert_tokens_to_ids
    config = transformers.MusicFlamingoConfig(
        audio_config={
            **SIZES,
            "model_type": "audioflamingo3_encoder",
            "num_mel_bins": MELS,
            "max_source_positions": 100,
        },
        text_config=language_model(tokens, "qwen2"),
        audio_token_id=id_of(AUDIO),
        audio_bos_token_id=id_of("<|sound_bos|>"),
        audio_eos_token_id=id_of("<|sound_eos|>"),
        tie_word_embeddings=False,
    )
    processor = transformers.MusicFlamingoProcessor(
        WhisperFeatureExtractor(feature_size=MELS, chunk_length=2),
        tokens,
        chat_template=CHAT,
        audio_token=AUDIO,
        max_audio_len=WINDOW,
    )
    save(folder, built("MusicFlamingoForConditionalGeneration", config), processor)


ASR_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}"
    "{{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'audio' %}"
    "<|audio_start|><|audio_pad|><|audio_end|>{% elif message['role'] != 'user' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Takes no text from the user."""


def qwen3_asr(folder: Path) -> None:
    """Qwen3-ASR, whose answers begin with a language."""
    special = {"audio_token": "<|audio_pad|>", "audio_bos_token": "<|audio_start|>", "audio_eos_token": "<|audio_end|>"}
    tokens = named(tokenizer("<|im_start|>", "<asr_text>", *special.values()), **special)
    config = transformers.Qwen3ASRConfig(
        audio_config={
            "model_type": "qwen3_asr_encoder",
            "num_mel_bins": MELS,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "d_model": WIDTH,
            "output_dim": WIDTH,
            "downsample_hidden_size": 8,
        },
        text_config={**language_model(tokens, "qwen3"), "head_dim": 16},
        audio_token_id=tokens.convert_tokens_to_ids("<|audio_pad|>"),
        tie_word_embeddings=False,
        pad_token_id=tokens.pad_token_id,
        eos_token_id=tokens.eos_token_id,
    )
    extractor = transformers.Qwen3ASRFeatureExtractor(feature_size=MELS)
    processor = transformers.Qwen3ASRProcessor(extractor, tokens, chat_template=ASR_CHAT)
    save(folder, built("Qwen3ASRForConditionalGeneration", config), processor)


def moss_transcribe_diarize(folder: Path) -> None:
    """MOSS-Transcribe-Diarize, which writes seconds between audio tokens; windows of 2 s."""
    tokens = chatting()
    config = transformers.MossTranscribeDiarizeConfig(
        audio_config={**SIZES, "num_mel_bins": MELS, "max_source_positions": 100},
        text_config={**language_model(tokens, "qwen3"), "head_dim": 16},
        audio_token_id=tokens.convert_tokens_to_ids(AUDIO),
        audio_chunk_size=32_000,
        tie_word_embeddings=False,
    )
    extractor = transformers.MossTranscribeDiarizeFeatureExtractor(feature_size=MELS, chunk_length=2)
    processor = transformers.MossTranscribeDiarizeProcessor(
        extractor, tokens, chat_template=CHAT, audio_token=AUDIO, time_marker_every_seconds=1
    )
    save(folder, built("MossTranscribeDiarizeForConditionalGeneration", config), processor)


def vibevoice_asr(folder: Path) -> None:
    """VibeVoice-ASR, which writes the duration into the prompt and hears 24 kHz."""
    tokens = tokenizer(AUDIO, "<|sound_bos|>", "<|sound_eos|>", "<|AUDIO_DURATION|>")
    id_of = tokens.convert_tokens_to_ids
    ear = {
        "model_type": "vibevoice_acoustic_tokenizer_encoder",
        "num_filters": 2,
        "depths": [1, 1, 1],
        "downsampling_ratios": [40, 80],
        "hidden_size": 8,
    }
    config = transformers.VibeVoiceAsrConfig(
        acoustic_tokenizer_encoder_config=ear,
        semantic_tokenizer_encoder_config=ear,
        text_config=language_model(tokens, "qwen2"),
        audio_token_id=id_of(AUDIO),
        audio_bos_token_id=id_of("<|sound_bos|>"),
        audio_eos_token_id=id_of("<|sound_eos|>"),
    )
    processor = transformers.VibeVoiceAsrProcessor(
        transformers.VibeVoiceAcousticTokenizerFeatureExtractor(),
        tokens,
        chat_template=CHAT.replace(AUDIO, f"<|sound_bos|>{AUDIO}<|sound_eos|> <|AUDIO_DURATION|> seconds "),
        audio_token=AUDIO,
        audio_bos_token="<|sound_bos|>",  # noqa: S106
        audio_eos_token="<|sound_eos|>",  # noqa: S106
    )
    save(folder, built("VibeVoiceAsrForConditionalGeneration", config), processor)


GEMMA = {
    "image_token": "<image>",
    "boi_token": "<boi>",
    "eoi_token": "<eoi>",
    "audio_token": AUDIO,
    "boa_token": "<boa>",
    "eoa_token": "<eoa>",
}
LAYERS = {"num_hidden_layers": 3, "layer_types": ["sliding_attention", "sliding_attention", "full_attention"]}


def gemma3n(folder: Path) -> None:
    """Gemma 3n: 188 slots for every sound, embeddings for each layer, a window that slides over 64 tokens."""
    tokens = named(chatting(*(token for token in GEMMA.values() if token != AUDIO)), **GEMMA)
    vocabulary = len(tokens)
    text = language_model(tokens, "gemma3n_text")
    config = transformers.Gemma3nConfig(
        text_config={
            **text,
            **LAYERS,
            "vocab_size": vocabulary + 16,
            "head_dim": 16,
            "sliding_window": 64,
            "vocab_size_per_layer_input": vocabulary,
            "hidden_size_per_layer_input": 8,
            "num_kv_shared_layers": 0,
            "altup_num_inputs": 2,
            "laurel_rank": 4,
        },
        audio_config={
            "vocab_size": 8,
            "vocab_offset": vocabulary + 8,
            "input_feat_size": MELS,
            "hidden_size": WIDTH,
            "conf_num_attention_heads": 2,
            "conf_num_hidden_layers": 2,
            "sscp_conv_channel_size": [8, 8],
        },
        vision_config={"vocab_size": 8, "vocab_offset": vocabulary, "hidden_size": 16},
        audio_token_id=tokens.convert_tokens_to_ids(AUDIO),
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
    )
    parts = {
        "feature_extractor": transformers.Gemma3nAudioFeatureExtractor(feature_size=MELS),
        "image_processor": None,
        "tokenizer": tokens,
    }
    processor = without_images(transformers.Gemma3nProcessor, parts, CHAT, {})
    save(folder, built("Gemma3nForConditionalGeneration", config), processor)


def gemma4(folder: Path) -> None:
    """Gemma 4: as many slots as its mask says, embeddings for each layer, a window that slides over 64 tokens."""
    tokens = named(chatting(*(token for token in GEMMA.values() if token != AUDIO), "<|video|>"), **GEMMA)
    config = transformers.Gemma4Config(
        text_config={
            **language_model(tokens, "gemma4_text"),
            **LAYERS,
            "head_dim": 16,
            "global_head_dim": 16,
            "sliding_window": 64,
            "vocab_size_per_layer_input": len(tokens),
            "hidden_size_per_layer_input": 8,
        },
        audio_config={
            "hidden_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "subsampling_conv_channels": [MELS, 8],
            "output_proj_dims": WIDTH,
        },
        vision_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2},
        audio_token_id=tokens.convert_tokens_to_ids(AUDIO),
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
        video_token_id=tokens.convert_tokens_to_ids("<|video|>"),
        boa_token_id=tokens.convert_tokens_to_ids("<boa>"),
        tie_word_embeddings=False,
    )
    parts = {
        "feature_extractor": transformers.Gemma4AudioFeatureExtractor(feature_size=MELS),
        "image_processor": None,
        "tokenizer": tokens,
        "video_processor": None,
    }
    processor = without_images(transformers.Gemma4Processor, parts, CHAT, {})
    save(folder, built("Gemma4ForConditionalGeneration", config), processor)


def gemma4_unified(folder: Path) -> None:
    """Gemma 4 without an audio encoder: pieces of the waveform are projected."""
    tokens = named(chatting(*(token for token in GEMMA.values() if token != AUDIO), "<|video|>"), **GEMMA)
    id_of = tokens.convert_tokens_to_ids
    config = transformers.Gemma4UnifiedConfig(
        text_config={
            **language_model(tokens, "gemma4_unified_text"),
            **LAYERS,
            "head_dim": 16,
            "global_head_dim": 16,
            "sliding_window": 64,
        },
        audio_config={"audio_embed_dim": 640},
        vision_config={"patch_size": 2, "mm_embed_dim": 16, "mm_posemb_size": 4, "output_proj_dims": 16},
        audio_token_id=id_of(AUDIO),
        image_token_id=id_of("<image>"),
        video_token_id=id_of("<|video|>"),
        boa_token_id=id_of("<boa>"),
        tie_word_embeddings=False,
    )
    parts = {
        "feature_extractor": transformers.Gemma4UnifiedAudioFeatureExtractor(),
        "image_processor": None,
        "tokenizer": tokens,
        "video_processor": None,
    }
    processor = without_images(transformers.Gemma4UnifiedProcessor, parts, CHAT, {})
    save(folder, built("Gemma4UnifiedForConditionalGeneration", config), processor)


HYBRID = {
    "model_type": "nemotron_h",
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "layers_block_type": ["linear_attention", "full_attention", "moe"],
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "ssm_state_size": 8,
    "mamba_num_heads": 4,
    "mamba_head_dim": 8,
    "n_groups": 2,
    "chunk_size": 16,
    "n_routed_experts": 2,
    "moe_intermediate_size": 16,
    "moe_shared_expert_intermediate_size": 16,
}
"""Layers with a recurrent state, with attention and with experts."""


def nemotron_h_omni(folder: Path) -> None:
    """Nemotron 3 Omni: layers with a recurrent state."""
    tokens = tokenizer("<so_start>", "<so_embedding>", "<so_end>", "<image>", "<video>")
    tokens.chat_template = CHAT.replace(AUDIO, "<so_embedding>")
    id_of = tokens.convert_tokens_to_ids
    config = transformers.NemotronH_Omni_Reasoning_V3_Config(
        text_config={**HYBRID, **ids(tokens)},
        audio_config={
            "hidden_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 2 * WIDTH,
            "subsampling_conv_channels": 8,
            "projection_hidden_size": WIDTH,
            "projection_bias": False,
            "num_mel_bins": MELS,
        },
        vision_config={"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        | {"video_temporal_patch_size": 2},
        projector_hidden_size=WIDTH,
        vision_hidden_size=16,
        audio_token_id=id_of("<so_embedding>"),
        image_token_id=id_of("<image>"),
        video_token_id=id_of("<video>"),
    )
    parts = {
        "image_processor": None,
        "video_processor": None,
        "tokenizer": tokens,
        "feature_extractor": transformers.ParakeetFeatureExtractor(feature_size=MELS),
    }
    processor = without_images(transformers.NemotronH_Omni_Reasoning_V3Processor, parts, tokens.chat_template, {})
    save(folder, built("NemotronH_Omni_Reasoning_V3", config), processor)


def nemo_speechlm(folder: Path) -> None:
    """Nemotron 3.5 Transcribe: a recogniser's encoder beside one for speakers, and a recurrent state."""
    tokens = chatting()
    layers = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.Nemotron3_5TranscribeConfig(
        audio_config={
            "asr_config": {**layers, "num_mel_bins": MELS},
            "diarization_config": {
                "model_type": "nemotron3_diarization",
                "audio_config": {**layers, "num_mel_bins": MELS},
                "head_config": {"audio_hidden_size": WIDTH, "hidden_size": 16},
            },
        },
        text_config={**HYBRID, **ids(tokens)},
        word_timestamp_config={**layers, "vocab_size": 8, "blank_token_id": 7},
        audio_token_id=tokens.convert_tokens_to_ids(AUDIO),
    )
    parts = {
        "feature_extractor": transformers.ParakeetFeatureExtractor(feature_size=MELS),
        "tokenizer": tokens,
        "alignment_tokenizer": None,
    }
    processor = without_images(transformers.Nemotron3_5TranscribeProcessor, parts, CHAT, {})
    save(folder, built("Nemotron3_5TranscribeForConditionalGeneration", config), processor)


SOUND_BUILDERS: dict[str, Callable[[Path], None]] = {
    "musicflamingo": musicflamingo,
    "qwen3_asr": qwen3_asr,
    "moss_transcribe_diarize": moss_transcribe_diarize,
    "vibevoice_asr": vibevoice_asr,
    "gemma3n": gemma3n,
    "gemma4": gemma4,
    "gemma4_unified": gemma4_unified,
    "nemotron_h_omni": nemotron_h_omni,
    "nemo_speechlm": nemo_speechlm,
}
EVERY = {**BUILDERS, **SOUND_BUILDERS}
"""A builder of every family."""
