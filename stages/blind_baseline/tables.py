"""Reads a corpus and its features: one row per clip, in the order of the ids."""

from __future__ import annotations

from dataclasses import dataclass

from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Floats
from stages.core.store.jsonfile import artifact
from stages.core.store.measured import read_features
from stages.core.store.tables import read_table


@dataclass(frozen=True)
class CorpusTable:
    """What the blind baseline is allowed to use.

    Attributes
    ----------
    ids, texts : list of str
    labels : list of bool or None
        None where membership is unknown.
    speakers : list of str or None
    attributes : list of dict
    names : list of str
        Names of the features' columns, ``family.name``.
    features : float64[n, d]
    """

    ids: list[str]
    texts: list[str]
    labels: list[bool | None]
    speakers: list[str | None]
    attributes: list[dict[str, str]]
    names: list[str]
    features: Floats


def read_corpus(name: str) -> CorpusTable:
    """Read a corpus and its features.

    Raises
    ------
    EarwitnessError
        If there is no clip, or if the features belong to other clips.
    """
    path = artifact("corpus", name, "clips.parquet")
    clips = read_table(path, ["clip_id", "text", "member", "speaker", "attributes"])
    if not clips.num_rows:
        raise EarwitnessError(f"{path}: no clip: see quarantine.parquet beside it")
    ids = clips["clip_id"].to_pylist()
    names, features = read_features(name, ids)
    return CorpusTable(
        ids,
        [text or "" for text in clips["text"].to_pylist()],
        clips["member"].to_pylist(),
        clips["speaker"].to_pylist(),
        [dict(pairs or ()) for pairs in clips["attributes"].to_pylist()],
        names,
        features,
    )
