"""Neighbours of every clip: the same clip slightly changed, in its sound or in its text.

In comes ``data/corpus/<corpus>/clips.parquet``; out goes ``data/perturbation/<corpus>/neighbours.parquet``, sorted by
clip and neighbour. A perturbation is one module that registers itself; this list imports them.
"""

from stages.perturbation import delete_words, duplicate_words, gain, lower_case, noise, swap_words, zero_segments

__all__ = ["delete_words", "duplicate_words", "gain", "lower_case", "noise", "swap_words", "zero_segments"]
