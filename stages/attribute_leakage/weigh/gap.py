"""The gap: accuracy of the probe minus that of the answer. It is what a target knows of a speaker but does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from stages.attribute_leakage.weigh.intervals import balanced_accuracy
from stages.attribute_leakage.weigh.measures import Words
from stages.core.inference.statistics import Bools, Ints, renumbered
from stages.core.results.leakage_figures import GapFigures
from stages.core.run.randomness import generator

BOOTSTRAPS = 1000
INPUT = "encoder.input"
"""The input of the encoder's first layer. It carries what is in the sound, not what the target has learnt from it."""


def gap(probed: Bools, answered: Bools, labels: Words, speakers: Ints, seed: int, *names: str) -> GapFigures:
    """Return the difference of two balanced accuracies on the same clips, with a bootstrap interval over speakers.

    Parameters
    ----------
    probed, answered : bool[n]
        Whether the probe, and whether the answer, is correct on each clip.
    labels : array of str, [n]
    speakers : intp[n]
        Whole speakers are drawn with replacement, the same ones for probe and answer.
    seed : int
    *names : str
        Names that seed the draws, together with `seed`.

    Returns
    -------
    dict
        ``gap`` in [-1, 1] with its 95 % percentile interval (``low``, ``high``), and ``n``. Without clips the gap is
        null; with fewer than three speakers the interval is null. A label without clips in a draw is left out of that
        draw.
    """
    found: GapFigures = {"gap": None, "low": None, "high": None, "n": len(labels)}
    if not len(labels):
        return found
    found["gap"] = _difference(probed, answered, labels)
    codes = renumbered(speakers)
    clips = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    if len(clips) < 3:
        return found
    rng = generator(seed, "attribute_leakage", "gap", *names)
    drawn = []
    for _ in range(BOOTSTRAPS):
        chosen = np.concatenate([clips[at] for at in rng.integers(len(clips), size=len(clips))])
        drawn.append(_difference(probed[chosen], answered[chosen], labels[chosen]))
    found["low"], found["high"] = (float(value) for value in np.percentile(drawn, [2.5, 97.5]))
    return found


def _difference(probed: Bools, answered: Bools, labels: Words) -> float:
    return (balanced_accuracy(probed, labels) or 0.0) - (balanced_accuracy(answered, labels) or 0.0)


def learnt_layers(layers: Iterable[str]) -> list[str]:
    """Return the layers that can carry what the target has learnt: all but `INPUT`."""
    return [layer for layer in layers if layer != INPUT]


def learnt(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of audio probes on all layers but `INPUT`."""
    return [row for row in rows if row["probe"] == "audio" and row["layer"] != INPUT]


def best_read(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the row of the best audio probe, without the layer `INPUT`; None without figures.

    The layer is chosen on the same clips on which its accuracy is stated, so the accuracy is slightly too high. The
    figures of all layers are therefore reported too.
    """
    read = [row for row in learnt(rows) if row["balanced_accuracy"] is not None]
    return max(read, key=lambda row: row["balanced_accuracy"], default=None)
