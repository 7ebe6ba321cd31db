"""Probes: measurements that one forward on the transcript does not give, and that need further passes of the model.

Each probe is a small file in `stages.logits.probes`; ``logits.probes`` chooses them. None is chosen by default, because
each costs at least as much as the audit's originals. A probe's value belongs to a clip's original with the first
instruction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of
from stages.core.run.registry import Registry
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import row_key
from stages.models.adapter import Adapter, Forced, Query
from stages.models.loading import model_code

if TYPE_CHECKING:
    import torch

SHOTS = 5
"""Number of known non-members, and of known members, whose transcripts are put before a clip."""
SAME = 1e-4
"""Largest difference of one token's log-probabilities, in nats, that a batch can make; see `Adapter`."""

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
    shots, member_shots : list of str
        Transcripts of non-members and of members, without this clip's; empty if the probe uses none.
    """

    original: Query
    changed: Sequence[Query]
    shots: Sequence[str]
    member_shots: Sequence[str] = ()


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
    changed, shots, member_shots : bool
        Whether the probe uses the audio neighbours; whether it uses labels, to choose shots among non-members; whether
        it also uses shots among members.
    most : int or None
        Largest number of clips to measure, drawn independently of labels, if the probe is too expensive for all.
    """

    names: tuple[str, ...]
    measure: Measure
    changed: bool = False
    shots: bool = False
    member_shots: bool = False
    most: int | None = None


PROBES: Registry[Probe] = Registry("probe")


def probe(
    name: str,
    values: Sequence[str] = (),
    *,
    changed: bool = False,
    shots: bool = False,
    member_shots: bool = False,
    most: int | None = None,
) -> Callable[[Measure], Measure]:
    """Register a measure as a probe; its values are named `values`, or by default like the probe; see `Probe`."""

    def add(measure: Measure) -> Measure:
        PROBES.register(name)(Probe(tuple(values) or (name,), measure, changed, shots, member_shots, most))
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


@dataclass(frozen=True)
class Shots:
    """The transcripts that can be put before a clip, by the id of the clip that they are from."""

    non_members: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)

    def used_by(self, asked: Probe) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return those of non-members and of members that a probe uses; empty if it uses none."""
        return self.non_members if asked.shots else {}, self.members if asked.member_shots else {}


def choose_shots(clips: pa.Table, seed: int) -> Shots:
    """Choose at most `SHOTS` non-members and as many members; probes that use them do not score them.

    At most half of either are taken, so that some remain to be scored. Those with the smallest seeded hashes of their
    ids are taken, so that an additional clip changes the choice by at most that clip.
    """
    return Shots(*({row["clip_id"]: row["text"] for row in _chosen(clips, seed, member)} for member in (False, True)))


def _chosen(clips: pa.Table, seed: int, member: bool) -> list[dict[str, str]]:
    known = [row for row in clips.to_pylist() if row["member"] is member and row["text"]]
    known.sort(key=lambda row: (seed_of(seed, "shots", row["clip_id"]), row["clip_id"]))
    return known[: min(SHOTS, len(known) // 2)]


def wanted(subjects: Sequence[ProbeSubject], asked: Probe, shots: Shots, seed: int) -> list[ProbeSubject]:
    """Return the clips that a probe measures, in their order.

    A probe that uses shots measures no clip that it uses as a shot, and nothing if shots are missing. A probe that is
    too expensive for all clips measures those with the smallest seeded hashes of their ids.
    """
    if asked.most is not None:
        drawn = sorted(subjects, key=lambda subject: (seed_of(seed, "subset", subject.clip_id), subject.clip_id))
        kept = {subject.clip_id for subject in drawn[: asked.most]}
        return [subject for subject in subjects if subject.clip_id in kept]
    non_members, members = shots.used_by(asked)
    if (asked.shots and not non_members) or (asked.member_shots and not members):
        return []
    return [subject for subject in subjects if subject.clip_id not in {*non_members, *members}]


def probe_keys(
    name: str, subjects: Sequence[ProbeSubject], fingerprint: dict[str, Any], instruction: str, shots: Shots
) -> list[str]:
    """Return the row cache's key of each clip: a hash of everything that the probe's values depend on."""
    asked = PROBES[name]
    common = [
        name,
        [code_version(asked.measure.__module__), *model_code(fingerprint["architecture"])],
        library_versions("torch", "transformers", "tokenizers", "numpy"),
        fingerprint,
        instruction,
        [list(used.values()) for used in shots.used_by(asked)],
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
    sound_of: Callable[[str], Any],
    instruction: str,
    shots: Shots,
) -> pa.Table:
    """Measure one clip.

    Parameters
    ----------
    adapter : Adapter
    asked : Probe
    subject : ProbeSubject
    sound_of : callable
        Maps neighbour_id to float32 samples.
    instruction : str
    shots : Shots

    Returns
    -------
    pa.Table
        One row of `PROBE_ROW`.
    """
    own = Query(sound_of(subject.neighbour_id), subject.audio_hash, instruction, subject.text)
    changed = [
        Query(sound_of(neighbour_id), audio_hash, instruction, subject.text)
        for neighbour_id, audio_hash in (subject.changed if asked.changed else ())
    ]
    values = asked.measure(adapter, ProbeBatch(own, changed, *(list(used.values()) for used in shots.used_by(asked))))
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
    return [logprobs_of(row) for row in adapter.forced(queries, ["transcript"])]


def logprobs_of(row: Forced) -> torch.Tensor:
    """Return the log-probability of each token of an answer, float64[T], including its end token."""
    import torch

    ids = row.token_ids["transcript"][:, None]
    return torch.log_softmax(row.logits["transcript"].double(), -1).gather(1, ids)[:, 0]


def losses_after(adapter: Adapter, query: Query, before: Sequence[Sequence[str]]) -> list[float] | None:
    """Return the mean loss of a query's answer after each list of texts, and without any, in nats.

    The texts stand before the instruction, because a prompt holds one sound for every architecture.

    Returns
    -------
    list of float or None
        One number more than there are lists. None if the texts change no token: the target takes no instruction, so
        they never reach it.
    """
    prompts = ["\n".join([*texts, query.instruction]) for texts in before]
    *after, plain = token_logprobs(adapter, [*(replace(query, instruction=prompt) for prompt in prompts), query])
    if all(float((found - plain).abs().max()) <= SAME for found in after):
        return None
    return [-float(found.mean()) for found in (*after, plain)]


@dataclass(frozen=True)
class RepeatedTranscript:
    """A clip's transcript told several times in one answer.

    Attributes
    ----------
    once : float64[T]
        Log-probabilities of the transcript alone, without its end token.
    again : list of float64[.]
        Log-probabilities of the second telling and of each later one.
    """

    once: torch.Tensor
    again: list[torch.Tensor]


def told_again(adapter: Adapter, query: Query, tellings: int) -> RepeatedTranscript | None:
    """Score a transcript alone, and joined to itself by spaces.

    Returns
    -------
    RepeatedTranscript or None
        None for an empty text, for a text that does not fit the target so often, and if the later tellings are split
        into other tokens than the second.
    """
    repeated = replace(query, text=" ".join([query.text] * tellings))
    if not query.text:
        return None
    try:
        alone, joined = adapter.forced([query, repeated], ["transcript"])
    except EarwitnessError:
        adapter.forced([query], ["transcript"])  # raises if the transcript itself cannot be scored
        return None
    once, whole = (logprobs_of(row)[:-1] for row in (alone, joined))
    length, rest = divmod(len(whole) - len(once), tellings - 1)
    starts = range(len(once), len(whole), max(length, 1))
    ids = joined.token_ids["transcript"][:-1]
    if rest or length < 1 or any(not ids[at : at + length].equal(ids[len(once) :][:length]) for at in starts):
        return None
    return RepeatedTranscript(once, [whole[at : at + length] for at in starts])
