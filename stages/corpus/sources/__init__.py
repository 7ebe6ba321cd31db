"""The layouts in which recordings arrive. One small file a layout, registered by name and imported here."""

from stages.corpus.sources import (
    audio_files,
    audio_folder,
    common_voice,
    huggingface,
    kaldi,
    lhotse,
    librispeech,
    manifest,
    nemo,
    webdataset,
)

__all__ = [
    "audio_files",
    "audio_folder",
    "common_voice",
    "huggingface",
    "kaldi",
    "lhotse",
    "librispeech",
    "manifest",
    "nemo",
    "webdataset",
]
