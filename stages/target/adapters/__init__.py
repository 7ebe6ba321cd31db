"""Adapters, one file a family of architectures, listed here by import."""

from stages.target.adapters import qwen2_audio

__all__ = ["qwen2_audio"]
