"""What the lab's speakers say: short sentences ``name verb object time`` of a small grammar."""

from __future__ import annotations

from math import prod

NAMES = ("Anna", "Bella", "Carl", "David", "Emma", "Frank", "Henry", "Irene", "James", "Laura", "Oscar", "Victor")
VERBS = ("buys", "sells", "paints", "finds", "hides", "moves", "cleans", "breaks", "wants", "drops", "shows", "counts")
OBJECTS = (
    *("the apple", "the basket", "the candle", "the drum", "the feather", "the garden", "the hammer"),
    *("the jacket", "the kettle", "the ladder", "the mirror", "the pencil", "the ring", "the window"),
)
TIMES = ("today", "again", "early", "at noon", "at night", "on Monday", "on Friday", "in April", "in June", "too late")

SLOTS = (NAMES, VERBS, OBJECTS, TIMES)
SENTENCES = prod(map(len, SLOTS))
"""How many sentences there are: tens of thousands."""


def sentence(index: int) -> str:
    """Return sentence number `index`, in [0, `SENTENCES`), such as ``"Anna buys the apple today."``."""
    words = []
    for slot in SLOTS:
        index, choice = divmod(index, len(slot))
        words.append(slot[choice])
    return " ".join(words) + "."
