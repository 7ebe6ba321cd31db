"""Gap = probe - answer: what a target knows of a speaker but does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from stages.attribute_leakage.weigh.intervals import balanced_accuracy
from stages.attribute_leakage.weigh.measures import Words
from stages.core.inference.statistics import Bools, Ints, renumbered
from stages.core.run.randomness import generator

BOOTSTRAPS = 1000
INPUT = "encoder.input"
"""What enters the first layer: it holds what the sound holds, whatever the target has learnt of it."""


def gap(probed: Bools, answered: Bools, labels: Words, speakers: Ints, seed: int, *names: str) -> dict[str, Any]:
    """Return the difference of two balanced accuracies on the same clips, with a bootstrap interval over speakers.

    Parameters
    ----------
    probed, answered : bool[n]
        Whether the probe, and whether the answer, told each clip's label.
    labels : array of str, [n]
    speakers : intp[n]
        Whole speakers are drawn with replacement, for probe and answer alike.
    seed : int
    *names : str
        Of what is drawn for.

    Returns
    -------
    dict
        ``gap`` in [-1, 1] with its 95 % interval (percentiles); null without clips, the interval null with fewer than
        three speakers. A label that a draw lacks is left out of that draw.
    """
    found: dict[str, Any] = {"gap": None, "low": None, "high": None, "n": len(labels)}
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
    """Return the layers that hold what the target has learnt."""
    return [layer for layer in layers if layer != INPUT]


def learnt(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the probes of the audio in the target's own layers."""
    return [row for row in rows if row["probe"] == "audio" and row["layer"] != INPUT]


def best_read(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the row of the layer whose probe of the audio reads best, `INPUT` left out; None without figures.

    It is chosen on the same clips that its accuracy is stated on, which flatters it by a little: the curve over all
    layers stands beside it.
    """
    read = [row for row in learnt(rows) if row["balanced_accuracy"] is not None]
    return max(read, key=lambda row: row["balanced_accuracy"], default=None)
