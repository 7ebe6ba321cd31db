"""Versions of Python and of the libraries that can change numbers, read from their metadata without importing them."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "librosa",
    "numpy",
    "peft",
    "praat-parselmouth",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "soundfile",
    "soxr",
    "tokenizers",
    "torch",
    "transformers",
)


def environment() -> dict[str, object]:
    """Return ``python`` (major.minor, because patches change no numbers) and ``libraries``, None for missing ones."""
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
