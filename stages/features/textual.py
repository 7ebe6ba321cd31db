"""Textual features: the surface of the transcript, in any language; a transcript may be blank."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from stages.features.family import Clip, feature_family

BUCKETS = 24
"""Number of buckets into which three-character sequences are hashed."""

_YEAR = re.compile(r"\b(1[5-9]|20)\d\d\b")
_CLASSES = {
    "upper_share": str.isupper,
    "lower_share": str.islower,
    "digit_share": str.isdigit,
    "space_share": str.isspace,
    "punctuation_share": lambda character: unicodedata.category(character).startswith("P"),
    "ascii_share": str.isascii,
}
_COUNTED = {"commas": ",،、，", "stops": ".。؟।", "questions": "?？؟", "apostrophes": "'’"}  # noqa: RUF001

COLUMNS = (
    "blank",
    "characters",
    "words",
    "word_length",
    "word_length_std",
    "title_share",
    "type_token_ratio",
    "repeated_characters",
    "entropy",
    "compressed",
    "years",
    *_CLASSES,
    *_COUNTED,
    *(f"trigram{bucket}" for bucket in range(BUCKETS)),
)


@feature_family("textual", columns=COLUMNS, needs=("text",), libraries=("numpy",))
def measure(clip: Clip) -> dict[str, float]:
    """Measure a transcript.

    Shares are shares of the characters (or words). Entropy is in bits per character. `compressed` is the size after
    zlib per byte of UTF-8. A `trigram` is the share of the lower-cased three-character sequences that fall into its
    bucket. For a blank transcript `blank` is 1 and every other feature is 0.
    """
    text = clip.text.strip()
    if not text:
        return dict.fromkeys(COLUMNS, 0.0) | {"blank": 1.0}
    return {"blank": 0.0, **_words(text.split()), **_characters(text), **_trigrams(text.lower())}


def _words(words: list[str]) -> dict[str, float]:
    lengths = np.array([len(word) for word in words])
    return {
        "words": float(len(words)),
        "word_length": float(lengths.mean()),
        "word_length_std": float(lengths.std()),
        "title_share": sum(word[0].isupper() and not word.isupper() for word in words) / len(words),
        "type_token_ratio": len({word.lower() for word in words}) / len(words),
    }


def _characters(text: str) -> dict[str, float]:
    encoded = text.encode()
    counts = np.array(sorted(Counter(text).values())) / len(text)
    values = {
        "characters": float(len(text)),
        "repeated_characters": sum(a == b for a, b in pairwise(text)) / len(text),
        "entropy": float(-(counts * np.log2(counts)).sum()) + 0.0,  # 0, not -0, for one distinct character
        "compressed": len(zlib.compress(encoded, 9)) / len(encoded),
        "years": float(len(_YEAR.findall(text))),
    }
    values |= {name: sum(map(belongs, text)) / len(text) for name, belongs in _CLASSES.items()}
    return values | {name: float(sum(map(text.count, signs))) for name, signs in _COUNTED.items()}


def _trigrams(text: str) -> dict[str, float]:
    counts = Counter(text[start : start + 3] for start in range(max(1, len(text) - 2)))
    total, shares = counts.total(), [0.0] * BUCKETS
    for trigram in sorted(counts):
        shares[_bucket(trigram)] += counts[trigram] / total
    return {f"trigram{bucket}": share for bucket, share in enumerate(shares)}


def _bucket(trigram: str) -> int:
    return blake2b(trigram.encode(), digest_size=4).digest()[0] % BUCKETS
