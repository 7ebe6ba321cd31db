"""Probes: measurements that one forward on the transcript does not give, and that need further passes of the model.

Each probe is a small file in `stages.logits.probes`; ``logits.probes`` chooses them. None is chosen by default, because
each costs at least as much as the audit's originals. A probe's value belongs to a clip's original with the first
instruction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of
from stages.core.run.registry import Registry
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import row_key
from stages.models.adapter import Adapter, Query
from stages.models.loading import model_code

if TYPE_CHECKING:
    import torch

SHOTS = 5
"""Number of known non-members whose transcripts ReCaLL puts before a clip."""

PROBE_ROW = pa.schema([("values", pa.list_(pa.float32()))])
"""A clip's row in the row cache: the probe's values, in the order of its names; null if a value is not defined."""


@dataclass(frozen=True)
class ProbeBatch:
    """The input of a probe for one clip.

    Attributes
    ----------
    original : Query
        The clip with its transcript.
    changed : list of Query
        The same transcript with each audio neighbour's sound, sorted by neighbour_id; empty if the probe uses none.
    shots : list of str
        Transcripts of non-members, without this clip's; empty if the probe uses none.
    """

    original: Query
    changed: Sequence[Query]
    shots: Sequence[str]


Measure = Callable[[Adapter, ProbeBatch], Sequence[float | None]]
"""Maps a target and a clip to the probe's values; None if a value is not defined."""


@dataclass(frozen=True)
class Probe:
    """A registered probe.

    Attributes
    ----------
    names : tuple of str
        Names of its values in `probes.parquet`.
    measure : Measure
    changed, shots : bool
        Whether the probe uses the audio neighbours; whether it uses labels, to choose shots.
    most : int or None
        Largest number of clips to measure, drawn independently of labels, if the probe is too expensive for all.
    """

    names: tuple[str, ...]
    measure: Measure
    changed: bool = False
    shots: bool = False
    most: int | None = None


PROBES: Registry[Probe] = Registry("probe")


def probe(
    name: str, values: Sequence[str] = (), *, changed: bool = False, shots: bool = False, most: int | None = None
) -> Callable[[Measure], Measure]:
    """Register a measure as a probe; its values are named `values`, or by default like the probe; see `Probe`."""

    def add(measure: Measure) -> Measure:
        PROBES.register(name)(Probe(tuple(values) or (name,), measure, changed, shots, most))
        return measure

    return add


def require_weights(adapter: Adapter, name: str) -> None:
    """Refuse a probe of weights if the target gives no access to them, such as an endpoint.

    Raises
    ------
    EarwitnessError
        If there are no weights; the message names the probe.
    """
    if not any(weight.requires_grad for weight in adapter.model.parameters()):
        raise EarwitnessError(f"params.yaml: logits.probes: {name} needs the model's weights: leave it out")


@dataclass(frozen=True)
class ProbeSubject:
    """A clip's ids: those of its original, and (neighbour_id, audio_hash) of its audio neighbours, sorted."""

    neighbour_id: str
    clip_id: str
    audio_hash: str
    text: str
    changed: tuple[tuple[str, str], ...]


def subjects_of(neighbours: pa.Table) -> list[ProbeSubject]:
    """Return every clip of `neighbours.parquet`, in its order."""
    rows = neighbours.select(["neighbour_id", "clip_id", "kind", "audio_hash", "text"]).to_pylist()
    changed: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        if row["kind"] == "audio":
            changed.setdefault(row["clip_id"], []).append((row["neighbour_id"], row["audio_hash"]))
    return [
        ProbeSubject(
            row["neighbour_id"],
            row["clip_id"],
            row["audio_hash"],
            row["text"],
            tuple(sorted(changed.get(row["clip_id"], []))),
        )
        for row in rows
        if row["kind"] == "original"
    ]


def choose_shots(clips: pa.Table, seed: int) -> dict[str, str]:
    """Return the transcripts of at most `SHOTS` non-members, by clip_id; these clips are not scored.

    At most half of the non-members are taken, so that some remain to be scored. Those with the smallest seeded hashes
    of their ids are taken, so that an additional clip changes the choice by at most that clip.
    """
    known = [row for row in clips.to_pylist() if row["member"] is False and row["text"]]
    known.sort(key=lambda row: (seed_of(seed, "shots", row["clip_id"]), row["clip_id"]))
    return {row["clip_id"]: row["text"] for row in known[: min(SHOTS, len(known) // 2)]}


def wanted(subjects: Sequence[ProbeSubject], asked: Probe, shots: Mapping[str, str], seed: int) -> list[ProbeSubject]:
    """Return the clips that a probe measures, in their order.

    A probe that uses shots measures no clip that is a shot, and nothing if there are no shots. A probe that is too
    expensive for all clips measures those with the smallest seeded hashes of their ids.
    """
    if asked.most is not None:
        drawn = sorted(subjects, key=lambda subject: (seed_of(seed, "subset", subject.clip_id), subject.clip_id))
        kept = {subject.clip_id for subject in drawn[: asked.most]}
        return [subject for subject in subjects if subject.clip_id in kept]
    if not asked.shots:
        return list(subjects)
    return [subject for subject in subjects if subject.clip_id not in shots] if shots else []


def probe_keys(
    name: str, subjects: Sequence[ProbeSubject], fingerprint: dict[str, Any], instruction: str, shots: Mapping[str, str]
) -> list[str]:
    """Return the row cache's key of each clip: a hash of everything that the probe's values depend on."""
    asked = PROBES[name]
    common = [
        name,
        [code_version(asked.measure.__module__), *model_code(fingerprint["architecture"])],
        library_versions("torch", "transformers", "tokenizers", "numpy"),
        fingerprint,
        instruction,
        list(shots.values()) if asked.shots else [],
    ]
    return [
        row_key(
            "probe", common, subject.audio_hash, subject.text, [h for _, h in subject.changed] if asked.changed else []
        )
        for subject in subjects
    ]


def measured(
    adapter: Adapter,
    asked: Probe,
    subject: ProbeSubject,
    sound_of: Callable[[str, str], Any],
    instruction: str,
    shots: Mapping[str, str],
) -> pa.Table:
    """Measure one clip.

    Parameters
    ----------
    adapter : Adapter
    asked : Probe
    subject : ProbeSubject
    sound_of : callable
        Maps neighbour_id and clip_id to float32 samples.
    instruction : str
    shots : mapping of str to str
        From `choose_shots`.

    Returns
    -------
    pa.Table
        One row of `PROBE_ROW`.
    """
    own = Query(sound_of(subject.neighbour_id, subject.clip_id), subject.audio_hash, instruction, subject.text)
    changed = [
        Query(sound_of(neighbour_id, subject.clip_id), audio_hash, instruction, subject.text)
        for neighbour_id, audio_hash in (subject.changed if asked.changed else ())
    ]
    values = asked.measure(adapter, ProbeBatch(own, changed, list(shots.values()) if asked.shots else []))
    finite = [value if value is not None and math.isfinite(value) else None for value in values]
    return pa.table({"values": pa.array([finite], PROBE_ROW.field("values").type)})


def probe_rows(subjects: Sequence[ProbeSubject], role: str, asked: Probe, found: pa.Table) -> pa.Table:
    """Return cached rows as rows of `probes.parquet`, without values that are not defined."""
    rows = [
        {"neighbour_id": subject.neighbour_id, "role": role, "probe": name, "value": value}
        for subject, values in zip(subjects, found["values"].to_pylist(), strict=True)
        for name, value in zip(asked.names, values, strict=True)
        if value is not None
    ]
    columns = {"neighbour_id": pa.string(), "role": pa.string(), "probe": pa.string(), "value": pa.float32()}
    return pa.Table.from_pylist(rows, pa.schema(list(columns.items())))


def token_logprobs(adapter: Adapter, queries: Sequence[Query]) -> list[torch.Tensor]:
    """Return the log-probability of each token of each query's answer, float64[T], including its end token."""
    import torch

    found = []
    for row in adapter.forced(queries, ["transcript"]):
        ids = row.token_ids["transcript"][:, None]
        found.append(torch.log_softmax(row.logits["transcript"].double(), -1).gather(1, ids)[:, 0])
    return found
