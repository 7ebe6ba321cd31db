"""Probes: what one forward on the transcript does not tell, measured with passes over the model of their own.

One small file each in `stages.logits.probes`, chosen by ``logits.probes``; none by default, for each costs as much as
the audit's originals or more. A probe's value belongs to a clip's original under the first instruction.
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
"""Transcripts of known non-members that ReCaLL puts before a clip."""

PROBE_ROW = pa.schema([("values", pa.list_(pa.float32()))])
"""What the row cache keeps of a clip: the values of a probe's names, in order; null where there is none."""


@dataclass(frozen=True)
class ProbeBatch:
    """One clip as a probe is given it.

    Attributes
    ----------
    original : Query
        The clip with its transcript.
    changed : list of Query
        The same transcript with each audio neighbour's sound, by neighbour_id; empty if the probe asks for none.
    shots : list of str
        Transcripts of non-members, this clip's not among them; empty if the probe asks for none.
    """

    original: Query
    changed: Sequence[Query]
    shots: Sequence[str]


Measure = Callable[[Adapter, ProbeBatch], Sequence[float | None]]
"""From a target and a clip to the probe's values, None where one is not defined."""


@dataclass(frozen=True)
class Probe:
    """One way to measure.

    Attributes
    ----------
    names : tuple of str
        Of its values, in `probes.parquet`.
    measure : Measure
    changed, shots : bool
        Whether it hears the audio neighbours; whether it is told labels, to choose shots.
    most : int or None
        Clips that it is taken of, drawn without regard to labels, where it is too dear for all.
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
    """Register a measure as a probe under its name, with the names of its values, or its own; see `Probe`."""

    def add(measure: Measure) -> Measure:
        PROBES.register(name)(Probe(tuple(values) or (name,), measure, changed, shots, most))
        return measure

    return add


def require_weights(adapter: Adapter, name: str) -> None:
    """Refuse a probe of weights where a target shows none, as behind an endpoint.

    Raises
    ------
    EarwitnessError
        Naming the probe.
    """
    if not any(weight.requires_grad for weight in adapter.model.parameters()):
        raise EarwitnessError(f"params.yaml: logits.probes: {name} needs the model's weights: leave it out")


@dataclass(frozen=True)
class ProbeSubject:
    """A clip by its ids: its original, and its audio neighbours as (neighbour_id, audio_hash), sorted."""

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
    """Return at most `SHOTS` non-members, by clip_id their transcripts; they are not scored.

    At most half of them, so that some are left to be scored. Those with the smallest seeded hashes of their ids, so
    that a clip more changes the choice at most by itself.
    """
    known = [row for row in clips.to_pylist() if row["member"] is False and row["text"]]
    known.sort(key=lambda row: (seed_of(seed, "shots", row["clip_id"]), row["clip_id"]))
    return {row["clip_id"]: row["text"] for row in known[: min(SHOTS, len(known) // 2)]}


def wanted(subjects: Sequence[ProbeSubject], asked: Probe, shots: Mapping[str, str], seed: int) -> list[ProbeSubject]:
    """Return the clips that a probe is taken of, in their order.

    No shot is scored, and without shots nothing is. Of a probe that is too dear for all, those with the smallest
    seeded hashes of their ids.
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
    """Return the row cache's key of each clip: all that the probe's values depend on."""
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
        From neighbour_id and clip_id to float32 samples.
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
    """Return cached rows as rows of `probes.parquet`; what is not defined is left out."""
    rows = [
        {"neighbour_id": subject.neighbour_id, "role": role, "probe": name, "value": value}
        for subject, values in zip(subjects, found["values"].to_pylist(), strict=True)
        for name, value in zip(asked.names, values, strict=True)
        if value is not None
    ]
    columns = {"neighbour_id": pa.string(), "role": pa.string(), "probe": pa.string(), "value": pa.float32()}
    return pa.Table.from_pylist(rows, pa.schema(list(columns.items())))


def token_logprobs(adapter: Adapter, queries: Sequence[Query]) -> list[torch.Tensor]:
    """Return the log-probability of each token of each query's answer, float64[T], its end among them."""
    import torch

    found = []
    for row in adapter.forced(queries, ["transcript"]):
        ids = row.token_ids["transcript"][:, None]
        found.append(torch.log_softmax(row.logits["transcript"].double(), -1).gather(1, ids)[:, 0])
    return found
