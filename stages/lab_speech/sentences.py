"""The lab's sentences: short sentences ``name verb quality object time`` of a small grammar."""

from __future__ import annotations

from math import prod

SLOTS = (
    ("Anna", "Bob", "Charlotte", "David", "Emily", "Hugh", "Olivia", "Victor"),
    ("buys", "sees", "drops", "moves", "paints", "burns", "throws", "counts"),
    ("the red", "the blue", "the tiny", "the golden", "the broken", "the wooden", "the yellow", "the old"),
    ("apple", "kettle", "guitar", "window", "box", "piano", "door", "machine"),
    ("today", "again", "in June", "at noon", "tomorrow", "on Monday", "too late", "now"),
)
"""Few words for each slot, with different vowels: a small model learns to distinguish them from little speech."""
SENTENCES = prod(map(len, SLOTS))
"""How many sentences there are: tens of thousands."""


def sentence(index: int) -> str:
    """Return sentence number `index`, in [0, `SENTENCES`), such as ``"Anna buys the red apple today."``."""
    words = []
    for slot in SLOTS:
        index, choice = divmod(index, len(slot))
        words.append(slot[choice])
    return " ".join(words) + "."


def fragment(index: int, slot: int) -> str:
    """Return what sentence number `index` says in one slot, such as ``"Kettle."`` or ``"At noon."``."""
    words = SLOTS[slot][index // prod(map(len, SLOTS[:slot])) % len(SLOTS[slot])]
    return words[0].upper() + words[1:] + "."
