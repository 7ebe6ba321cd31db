"""Compute an audit's fidelity features from its artifacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from stages.core.config.section import NONE
from stages.core.inference.folds import speaker_clusters
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_groups, read_table
from stages.fidelity_detector.differences import (
    EMBEDDINGS,
    OUTSIDE,
    Neighbourhood,
    Vectors,
    differences,
    feature_names,
    read_embeddings,
    read_tokens,
)
from stages.fidelity_detector.embedder import outside_vectors
from stages.fidelity_detector.labels import Bools, Ints
from stages.fidelity_detector.params import FidelityDetectorParams
from stages.fidelity_detector.sets import Floats

ROLES = ("target", "reference")


@dataclass(frozen=True)
class Audited:
    """An audit's clips with their fidelity features.

    Attributes
    ----------
    clip_ids : list of str
    member, known : bool[n]
        Membership, and whether it is known.
    cluster : intp[n]
        Speaker of each clip.
    names : list of str
        The neighbours, ``perturbation/index``.
    kinds : dict of str to str
        The kind of each perturbation: ``audio``, ``text`` or ``pairing``.
    features : list of str
        Names of a neighbour's features.
    values : dict of str to float64[n, neighbours, d]
        Features by role, of the roles that have statistics.
    """

    clip_ids: list[str]
    member: Bools
    known: Bools
    cluster: Ints
    names: list[str]
    kinds: dict[str, str]
    features: list[str]
    values: dict[str, Floats]


def read_audit(audit: str, params: FidelityDetectorParams) -> Audited:
    """Read an audit's clips, neighbours, statistics and embeddings, and join them by id."""
    corpus = params.audits[audit].corpus
    clips = read_table(artifact("corpus", corpus, "clips.parquet"), ["clip_id", "member", "speaker"])
    neighbours = read_table(
        artifact("perturbation", corpus, "neighbours.parquet"), ["neighbour_id", "clip_id", "kind", "perturbation"]
    )
    where = Neighbourhood.of(neighbours, params.fidelity_detector.kinds)
    clips = clips.take(pa.array(np.argsort(np.array(clips["clip_id"].to_pylist(), str), kind="stable")))
    member: list[Any] = clips["member"].to_pylist()
    clip_ids = clips["clip_id"].to_pylist()
    return Audited(
        clip_ids,
        np.array([value is True for value in member], np.bool_),
        np.array([value is not None for value in member], np.bool_),
        speaker_clusters(clips["speaker"].to_pylist())[0],
        where.names(),
        where.kind,
        feature_names(_embeddings(params)),
        _values(audit, clip_ids, where, params),
    )


def _embeddings(params: FidelityDetectorParams) -> tuple[str, ...]:
    return EMBEDDINGS if params.fidelity_detector.embedder == NONE else (*EMBEDDINGS, OUTSIDE)


def _values(audit: str, clip_ids: list[str], where: Neighbourhood, params: FidelityDetectorParams) -> dict[str, Floats]:
    settings, found = params.fidelity_detector, {}
    outside: dict[str, Vectors] = {}
    if settings.embedder != NONE:
        outside = outside_vectors(settings.embedder, settings.embedder_revision, params.audits[audit].corpus)
    for role in ROLES:
        tokens = read_tokens(read_groups(artifact("logits", audit, "tokens.parquet")), role)
        if (first := next(tokens, None)) is None:
            continue
        embeddings = read_embeddings(read_groups(artifact("logits", audit, "embeddings.parquet")), role)
        vectors: dict[tuple[str, ...], Iterable[tuple[str, Vectors]]] = {EMBEDDINGS: embeddings}
        if outside:
            vectors[OUTSIDE,] = outside.items()
        found[role] = differences(clip_ids, where, chain([first], tokens), vectors)
    return found
