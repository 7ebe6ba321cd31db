"""Folders of real recordings, each with a manifest, measured by the stages' own functions."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import stages.features  # noqa: F401  (fills the registry)
from stages.core.inference.folds import speaker_clusters
from stages.core.inference.statistics import Bools, Floats, Ints
from stages.core.sound.audio import Samples, decode, to_pipeline
from stages.corpus.source import measure_source
from stages.features.family import FAMILIES, Clip

NAMES = [f"{family}.{column}" for family in FAMILIES for column in FAMILIES[family].columns]
ACOUSTIC = np.array([not name.startswith("textual") for name in NAMES])


@dataclass(frozen=True)
class Recordings:
    """A folder's clips.

    Attributes
    ----------
    name : str
    features : float64[n, d]
    speaker : list of str
    """

    name: str
    features: Floats
    speaker: list[str]


def vector(data: bytes | Path, text: str) -> Floats:
    """Return all features of a file: float64[d], in the order of `NAMES`."""
    samples, rate, form = decode(data)
    clip = Clip(to_pipeline(samples, rate), text, measure_source(samples, rate, form.format, form.subtype))
    measured = [FAMILIES[family].measure(clip) for family in FAMILIES]
    # As float32, as in the artifact.
    return np.array([value for values in measured for value in values.values()], np.float32).astype(np.float64)


def manifest(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield each clip's path, text and speaker."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            yield folder / row["path"], row["text"], row["speaker"]


def measured(folder: Path) -> Recordings:
    """Measure a folder."""
    rows = list(manifest(folder))
    features = np.array([vector(path, text) for path, text, _ in rows])
    return Recordings(folder.name, features, [speaker for _, _, speaker in rows])


def plain(folder: Path, of: Callable[[Samples], Floats]) -> Recordings:
    """Measure a folder by a vector of the samples at 16 kHz."""
    rows = list(manifest(folder))
    features = np.array([of(to_pipeline(*decode(path)[:2])) for path, _, _ in rows])
    return Recordings(folder.name, features, [speaker for _, _, speaker in rows])


def pair(members: Recordings, others: Recordings) -> tuple[Floats, Bools, Ints]:
    """Return features, labels and speakers of two folders, the first of them the members."""
    features = np.vstack([members.features, others.features])
    labels = np.arange(len(features)) < len(members.features)
    return features, labels, speaker_clusters(members.speaker + others.speaker)[0]
