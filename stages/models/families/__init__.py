"""The adapters: one file per family of architectures. To register a family, import its file here."""

from stages.models.families import (
    composed,
    endpoint,
    gemma,
    generic,
    granite_speech,
    moonshine,
    phi4_multimodal,
    qwen2_5_omni_thinker,
    qwen2_audio,
    qwen3_asr,
    qwen3_omni_moe_thinker,
    speech_to_text,
    vibevoice_asr,
    voxtral,
    whisper,
    windowed,
)

__all__ = [
    "composed",
    "endpoint",
    "gemma",
    "generic",
    "granite_speech",
    "moonshine",
    "phi4_multimodal",
    "qwen2_5_omni_thinker",
    "qwen2_audio",
    "qwen3_asr",
    "qwen3_omni_moe_thinker",
    "speech_to_text",
    "vibevoice_asr",
    "voxtral",
    "whisper",
    "windowed",
]
