"""A small, untrained but real checkpoint of every encoder-decoder, with its tokenizer and feature extractor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers
from transformers import WhisperFeatureExtractor

from tests.stages.models.small import ENCODER_DECODER, MELS, SIZES, WIDTH, WINDOW, ids, save, seeded, tokenizer


def whisper(folder: Path) -> None:
    """Whisper, multilingual, with suppressed tokens."""
    start, task, untimed = "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>"
    tokens = tokenizer(start, "<|de|>", "<|en|>", task, untimed)
    id_of = tokens.convert_tokens_to_ids
    config = transformers.WhisperConfig(
        **ENCODER_DECODER,
        **ids(tokens),
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
    model.generation_config.is_multilingual = True
    model.generation_config._from_model_config = False  # or else it is derived from the config again
    save(folder, model, tokens, WhisperFeatureExtractor(feature_size=MELS, chunk_length=WINDOW))


def moonshine(folder: Path) -> None:
    """Moonshine: raw waveform, no window."""
    tokens = tokenizer()
    config = transformers.MoonshineConfig(
        **ids(tokens),
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
        **{**ids(tokens), "pad_token_id": 1},  # positions are counted from it on, in a table of the targets' size
        conv_channels=WIDTH,
        input_feat_per_channel=MELS,
        max_source_positions=WINDOW * 100,
        max_target_positions=256,
        decoder_start_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: transformers.Speech2TextForConditionalGeneration(config))
    extractor = transformers.Speech2TextFeatureExtractor(feature_size=MELS, num_mel_bins=MELS)
    save(folder, model, tokens, extractor)


PROMPT = ("<|startofcontext|>", "<|startoftranscript|>", "<|emo:undefined|>")
"""How the prompts of Canary and Cohere Transcribe begin."""
ASKED = ("<|noitn|>", "<|notimestamp|>", "<|nodiarize|>")
"""How they end."""


def fast_conformer() -> dict[str, Any]:
    """Return the config of a small Parakeet encoder, on which other recognisers build."""
    return {**SIZES, "num_mel_bins": MELS, "subsampling_conv_channels": 8, "scale_input": False, "layerdrop": 0.0}


def canary(folder: Path) -> None:
    """Canary, with the chat template that makes its decoder's prompt."""
    tokens = tokenizer(*PROMPT, "<|en|>", "<|de|>", "<|pnc|>", "<|nopnc|>", *ASKED)
    special = {**ids(tokens), "decoder_start_token_id": tokens.convert_tokens_to_ids(PROMPT[0])}
    config = transformers.CanaryConfig(
        encoder_config={"model_type": "parakeet_encoder", **fast_conformer()},
        decoder_config={**SIZES, "num_key_value_heads": 2, "head_dim": WIDTH // 2, "max_position_embeddings": 128}
        | ids(tokens),
        **special,
    )
    model = seeded(lambda: transformers.CanaryForConditionalGeneration(config))
    template = (
        "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'text' %}"
        + "".join(PROMPT)
        + "<|{{ part['source_language'] }}|><|{{ part['target_language'] }}|>"
        "{{ '<|pnc|>' if part['punctuation'] else '<|nopnc|>' }}"
        + "".join(ASKED)
        + "{% endif %}{% endfor %}{% endfor %}"
    )
    extractor = transformers.ParakeetFeatureExtractor(feature_size=MELS)
    save(folder, model, transformers.CanaryProcessor(extractor, tokens, chat_template=template))


def cohere_asr(folder: Path) -> None:
    """Cohere Transcribe."""
    tokens = tokenizer("▁", *PROMPT, "<|en|>", "<|de|>", "<|pnc|>", "<|nopnc|>", *ASKED)
    config = transformers.CohereAsrConfig(
        encoder_config={"model_type": "parakeet_encoder", **fast_conformer()},
        **SIZES,
        **ids(tokens),
        max_position_embeddings=128,
        decoder_start_token_id=tokens.convert_tokens_to_ids("▁"),
    )
    model = seeded(lambda: transformers.CohereAsrForConditionalGeneration(config))
    extractor = transformers.CohereAsrFeatureExtractor(
        feature_size=MELS, max_audio_clip_s=float(WINDOW), overlap_chunk_second=1.0
    )
    save(folder, model, transformers.CohereAsrProcessor(extractor, tokens))


def seamless(folder: Path, kind: str) -> None:
    """SeamlessM4T, whose decoder is told the language of the text."""
    tokens = tokenizer("__eng__", "__deu__")
    config = getattr(transformers, f"{kind}Config")(
        **{name.replace("d_model", "hidden_size"): size for name, size in ENCODER_DECODER.items()},
        **ids(tokens),
        speech_encoder_layers=2,
        speech_encoder_attention_heads=2,
        speech_encoder_intermediate_size=64,
        feature_projection_input_dim=2 * MELS,
        decoder_start_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: getattr(transformers, f"{kind}ForSpeechToText")(config))
    codes = {code: tokens.convert_tokens_to_ids(f"__{code}__") for code in ("eng", "deu")}
    model.generation_config.text_decoder_lang_to_code_id = codes
    model.generation_config._from_model_config = False  # or else it is derived from the config again
    save(folder, model, tokens, transformers.SeamlessM4TFeatureExtractor(feature_size=MELS, num_mel_bins=MELS))


def seamless_m4t(folder: Path) -> None:
    """SeamlessM4T, first version."""
    seamless(folder, "SeamlessM4T")


def seamless_m4t_v2(folder: Path) -> None:
    """SeamlessM4T, second version."""
    seamless(folder, "SeamlessM4Tv2")


def moonshine_streaming(folder: Path) -> None:
    """Moonshine Streaming: a table of sound positions for 4 s, and a decoder wider than the encoder."""
    tokens = tokenizer()
    config = transformers.MoonshineStreamingConfig(
        encoder_config={**SIZES, "num_key_value_heads": 2, "sliding_windows": [[16, 4], [16, 0]]},
        **{**SIZES, "hidden_size": 2 * WIDTH},
        **ids(tokens),
        num_key_value_heads=2,
        max_position_embeddings=WINDOW * 50,
        decoder_start_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: transformers.MoonshineStreamingForConditionalGeneration(config))
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=False, return_attention_mask=True)
    save(folder, model, transformers.MoonshineStreamingProcessor(extractor, tokens))


WAVEFORM = {"conv_dim": [16, 16], "conv_stride": [20, 16], "conv_kernel": [20, 16], "num_conv_pos_embeddings": 4} | {
    "num_conv_pos_embedding_groups": 2
}


def speecht5(folder: Path) -> None:
    """SpeechT5's recogniser."""
    tokens = tokenizer()
    config = transformers.SpeechT5Config(
        **{name.replace("d_model", "hidden_size"): size for name, size in ENCODER_DECODER.items()},
        **WAVEFORM,
        **ids(tokens),
        decoder_start_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: transformers.SpeechT5ForSpeechToText(config))
    save(folder, model, tokens, transformers.SpeechT5FeatureExtractor(num_mel_bins=MELS))


def speech_encoder_decoder(folder: Path, decoder: str = "bert") -> None:
    """A wav2vec 2.0 encoder and a text decoder of another width."""
    tokens = tokenizer()
    cross = {"is_decoder": True, "add_cross_attention": True}
    sizes = {**SIZES, **ENCODER_DECODER, "hidden_size": 2 * WIDTH, "max_position_embeddings": 512}
    config = transformers.SpeechEncoderDecoderConfig.from_encoder_decoder_configs(
        transformers.Wav2Vec2Config(**SIZES, **WAVEFORM),
        transformers.AutoConfig.for_model(decoder, **sizes, **ids(tokens), **cross),
        decoder_start_token_id=tokens.eos_token_id,
        pad_token_id=tokens.pad_token_id,
        eos_token_id=tokens.eos_token_id,
    )
    model = seeded(lambda: transformers.SpeechEncoderDecoderModel(config))
    save(folder, model, tokens, transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False))


RECOGNISERS: dict[str, Callable[[Path], None]] = {
    "whisper": whisper,
    "moonshine": moonshine,
    "moonshine_streaming": moonshine_streaming,
    "speech_to_text": speech_to_text,
    "canary": canary,
    "cohere_asr": cohere_asr,
    "seamless_m4t": seamless_m4t,
    "seamless_m4t_v2": seamless_m4t_v2,
    "speecht5": speecht5,
    "speech-encoder-decoder": speech_encoder_decoder,
}
LANGUAGES = {"cohere_asr": "en", "seamless_m4t": "eng", "seamless_m4t_v2": "eng"}
"""What a family is told that transcribes nothing without a language."""
