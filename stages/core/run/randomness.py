"""Seeds that depend on names, never on order: a row's draw is the same whatever its neighbours are."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def seed_of(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed from `params.yaml`'s seed and the names of what is drawn (BLAKE2, never `hash()`)."""
    digest = blake2b(repr((seed, *names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator for what `names` name, such as ``generator(7, "noise", clip_id)``."""
    return np.random.default_rng(seed_of(seed, *names))
