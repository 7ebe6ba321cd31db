"""What a target answers to clips without a trigger and with each of a bank, kept in the row cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from stages.backdoor.clips import Clip
from stages.backdoor.trigger import with_trigger
from stages.core.audio import Samples, audio_hash
from stages.core.backdoor_params import TriggerSettings
from stages.core.codeversion import code_version, library_versions
from stages.core.randomness import generator
from stages.core.rowcache import RowCache, row_key
from stages.target.adapter import ADAPTERS, Adapter, Query
from stages.target.loading import ENDPOINT

ANSWER = pa.schema([("answer", pa.string())])
NO_TRIGGER = ""
"""Stands in a bank's place for the clip as it is."""
ROWS = 32
"""Answers generated at a time."""

Answers = dict[tuple[str, str], list[str]]
"""By prompt and name in the bank, `NO_TRIGGER` included: an answer to each clip, as it was given."""


@dataclass(frozen=True)
class Asking:
    """What is asked: the same of the target and of every reference.

    Attributes
    ----------
    clips : sequence of Clip
        Each with speech in it.
    prompts : sequence of str
    bank : mapping of str to TriggerSettings
    answer_tokens : int
        After which an answer is broken off.
    seed : int
        Of the triggers' places and sounds.
    """

    clips: Sequence[Clip]
    prompts: Sequence[str]
    bank: Mapping[str, TriggerSettings]
    answer_tokens: int
    seed: int


@dataclass(frozen=True)
class _Row:
    """One question: a clip, a name in the bank, a prompt."""

    clip: Clip
    trigger: str
    prompt: str


def bank_answers(label: str, fingerprint: Mapping[str, Any], load: Callable[[], Adapter], asking: Asking) -> Answers:
    """Ask a model about every clip, without a trigger and with each, by every prompt.

    Parameters
    ----------
    label : str
        Names the model in the progress.
    fingerprint : mapping
        Of the model (`TargetRecord.fingerprint`), for the keys of the rows.
    load : callable
        Gives the model; not called where every row is known.
    asking : Asking

    Returns
    -------
    Answers
    """
    rows = [
        _Row(clip, trigger, prompt)
        for clip in asking.clips
        for trigger in (NO_TRIGGER, *asking.bank)
        for prompt in asking.prompts
    ]
    versions = [code_version("stages.backdoor.trigger"), code_version(ADAPTERS[fingerprint["architecture"]].__module__)]
    keys = [_key(row, asking, fingerprint, versions) for row in rows]
    with RowCache("backdoor/answers", ANSWER) as cache:
        if fingerprint["architecture"] == ENDPOINT:
            # An empty answer may have been a refusal: it is asked for again.
            cache.forget(keys, lambda kept: [not answer for answer in kept["answer"].to_pylist()])
        absent = set(cache.missing(keys))
        _fill(label, [(key, row) for key, row in zip(keys, rows, strict=True) if key in absent], cache, load, asking)
        given = cache.rows(keys)["answer"].to_pylist()
    answers: Answers = {(prompt, trigger): [] for prompt in asking.prompts for trigger in (NO_TRIGGER, *asking.bank)}
    for row, answer in zip(rows, given, strict=True):
        answers[row.prompt, row.trigger].append(answer)
    return answers


def _key(row: _Row, asking: Asking, fingerprint: Mapping[str, Any], versions: Sequence[str]) -> str:
    """Name a row by all that its answer depends on; the sound by what it is made of, so that it need not be made."""
    of_trigger: list[Any] = []
    if row.trigger != NO_TRIGGER:
        settings = asking.bank[row.trigger]
        module = code_version(f"stages.backdoor.triggers.{settings.kind}")
        of_trigger = [settings.model_dump(), row.trigger, asking.seed, row.clip.clip_id, module]
    libraries = library_versions("torch", "transformers", "numpy", "scipy", "soxr")
    return row_key(
        dict(fingerprint), row.clip.audio_hash, of_trigger, row.prompt, asking.answer_tokens, list(versions), libraries
    )


def _fill(
    label: str,
    missing: Sequence[tuple[str, _Row]],
    cache: RowCache,
    load: Callable[[], Adapter],
    asking: Asking,
) -> None:
    """Generate what the cache misses, the prompts of one sound in one batch: it is encoded once."""
    if not missing:
        return
    adapter = load()
    for start in tqdm(range(0, len(missing), ROWS), desc=label, unit="batch", mininterval=1):
        batch = missing[start : start + ROWS]
        sounds: dict[tuple[str, str], tuple[Samples, str]] = {}
        for _, row in batch:
            if (row.clip.clip_id, row.trigger) not in sounds:
                sounds[row.clip.clip_id, row.trigger] = sound_of(row.clip, row.trigger, asking)
        queries = [Query(*sounds[row.clip.clip_id, row.trigger], row.prompt, "") for _, row in batch]
        answers = adapter.generate(queries, asking.answer_tokens)
        cache.append([key for key, _ in batch], pa.table({"answer": answers}, ANSWER))


def sound_of(clip: Clip, trigger: str, asking: Asking) -> tuple[Samples, str]:
    """Return a clip with a trigger of the bank, or as it is, and the sound's name."""
    if trigger == NO_TRIGGER:
        return clip.samples, clip.audio_hash
    rng = generator(asking.seed, "backdoor", "scan", trigger, clip.clip_id)
    samples = with_trigger(clip.samples, asking.bank[trigger], rng).samples
    return samples, audio_hash(samples)
