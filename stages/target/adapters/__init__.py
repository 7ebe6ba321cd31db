"""Adapters, one file a family of architectures, listed here by import."""

from stages.target.adapters import moonshine, qwen2_audio, speech_to_text, whisper

__all__ = ["moonshine", "qwen2_audio", "speech_to_text", "whisper"]
