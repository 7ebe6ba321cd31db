"""A model's answers to clips without a trigger and with each trigger of a bank, kept in the row cache.

An endpoint's empty answer counts as no answer, because its adapter also gives an empty answer for a refused sound or
question. So the scan cannot find an attack on an endpoint whose attack answer is empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from stages.backdoor.measure.outcomes import generated
from stages.backdoor.plant.clips import BackdoorClip
from stages.backdoor.plant.registry import TRIGGERS
from stages.backdoor.plant.trigger import with_trigger
from stages.backdoor.plant.trigger_settings import TriggerSettings
from stages.core.run.randomness import generator
from stages.core.sound.audio import RATE, Samples, audio_hash
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import RowCache, row_key
from stages.models.adapter import Adapter, Query
from stages.models.loading import model_code

ANSWER = pa.schema([("answer", pa.string())])
NO_TRIGGER = ""
"""The name, in place of a trigger's, of the clip without a trigger."""
ROWS = 32
"""Answers that are generated before they are written to the cache."""

Answers = Mapping[tuple[str, str], Sequence[str | None]]
"""For each prompt and trigger (or `NO_TRIGGER`), the answer to each clip, not normalised; None where there is none."""


@dataclass(frozen=True)
class ScannedModel:
    """A model that is scanned, or a reference.

    Attributes
    ----------
    name : str
    fingerprint : dict
        What its answers depend on (`TargetRecord.fingerprint`).
    load : callable
        Loads the model. It is called only if an answer is not in the cache, or to learn the window.
    address : str
        The address of an endpoint, with the served name; empty for a local model.
    window_seconds : float or None
        Seconds of a clip that the model hears; None if only the loaded model knows.
    pinned : bool
        Whether the fingerprint names one state of the model. It does not for an endpoint without a stated version;
        answers of an earlier run may then be another model's.
    """

    name: str
    fingerprint: dict[str, Any]
    load: Callable[[], Adapter]
    address: str = ""
    window_seconds: float | None = None
    pinned: bool = True

    @property
    def window(self) -> float:
        """Seconds of a clip that the model hears; infinity for an endpoint that does not say."""
        if self.window_seconds is not None:
            return self.window_seconds
        return math.inf if self.address else self.load().window_seconds

    @property
    def identity(self) -> str:
        """The same text for two names of one model: an endpoint's address, else the hash of the weights."""
        return self.address or str(self.fingerprint["weight_hash"])


@dataclass(frozen=True)
class Asking:
    """The questions of a scan, which are the same for the target and for every reference.

    Attributes
    ----------
    clips : sequence of BackdoorClip
        Clips that hold sound.
    prompts : sequence of str
    bank : mapping of str to TriggerSettings
    answer_tokens : int
        Number of tokens after which an answer is cut.
    seed : int
        Seed of the triggers' positions and sounds.
    window_seconds : float
        Seconds of a clip that all these models hear; the triggers are added within them.
    """

    clips: Sequence[BackdoorClip]
    prompts: Sequence[str]
    bank: Mapping[str, TriggerSettings]
    answer_tokens: int
    seed: int
    window_seconds: float


@dataclass(frozen=True)
class _Row:
    """One question: a clip, a name in the bank, a prompt."""

    clip: BackdoorClip
    trigger: str
    prompt: str


def bank_answers(subject: ScannedModel, asking: Asking) -> Answers:
    """Ask a model every prompt about every clip, without a trigger and with each trigger.

    A question whose answer is in the cache is not asked again, unless the model gave no answer or is not pinned.

    Parameters
    ----------
    subject : ScannedModel
    asking : Asking

    Returns
    -------
    Answers
        In the order of the clips.
    """
    rows = [
        _Row(clip, trigger, prompt)
        for clip in asking.clips
        for trigger in (NO_TRIGGER, *asking.bank)
        for prompt in asking.prompts
    ]
    keys = _keys(rows, asking, subject.fingerprint)
    with RowCache("backdoor/answers", ANSWER) as cache:
        if not subject.pinned:
            cache.forget(keys, lambda kept: [True] * kept.num_rows)
        elif subject.address:
            cache.forget(keys, lambda kept: [not answer for answer in kept["answer"].to_pylist()])
        absent = set(cache.missing(keys))
        missing = [(key, row) for key, row in zip(keys, rows, strict=True) if key in absent]
        _fill(subject, missing, cache, asking)
        given = cache.rows(keys)["answer"].to_pylist()
    answers: dict[tuple[str, str], list[str | None]] = {}
    for row, answer in zip(rows, given, strict=True):
        answers.setdefault((row.prompt, row.trigger), []).append(None if subject.address and not answer else answer)
    return answers


def _keys(rows: Sequence[_Row], asking: Asking, fingerprint: Mapping[str, Any]) -> list[str]:
    versions = [code_version(with_trigger.__module__), *model_code(fingerprint["architecture"])]
    return [_key(row, asking, fingerprint, versions) for row in rows]


def _key(row: _Row, asking: Asking, fingerprint: Mapping[str, Any], versions: Sequence[str]) -> str:
    """Return a row's key, which holds all that its answer depends on.

    The key names the triggered sound by its inputs, so that a cached answer needs no rendered sound.
    """
    of_trigger: list[Any] = []
    if row.trigger != NO_TRIGGER:
        settings = asking.bank[row.trigger]
        module = code_version(TRIGGERS[settings.kind].apply.__module__)
        heard = min(asking.window_seconds, len(row.clip.samples) / RATE)  # a window beyond the clip changes no sound
        of_trigger = [settings.model_dump(), row.trigger, asking.seed, row.clip.clip_id, heard, module]
    libraries = library_versions("torch", "transformers", "numpy", "scipy", "soxr")
    return row_key(
        dict(fingerprint), row.clip.audio_hash, of_trigger, row.prompt, asking.answer_tokens, list(versions), libraries
    )


def _fill(subject: ScannedModel, missing: Sequence[tuple[str, _Row]], cache: RowCache, asking: Asking) -> None:
    """Generate the answers that the cache lacks.

    Clips of similar length run together, to save padding. So do all prompts of a sound, which is then encoded once.
    """
    if not missing:
        return
    adapter = subject.load()
    ordered = sorted(missing, key=lambda it: len(it[1].clip.samples))
    for start in tqdm(range(0, len(ordered), ROWS), desc=subject.name, unit="batch", mininterval=1):
        batch = ordered[start : start + ROWS]
        sounds: dict[tuple[str, str], tuple[Samples, str]] = {}
        for _, row in batch:
            if (row.clip.clip_id, row.trigger) not in sounds:
                sounds[row.clip.clip_id, row.trigger] = sound_of(row.clip, row.trigger, asking)
        queries = [Query(*sounds[row.clip.clip_id, row.trigger], row.prompt, "") for _, row in batch]
        answers = generated(adapter, queries, asking.answer_tokens)
        cache.append([key for key, _ in batch], pa.table({"answer": answers}, ANSWER))


def sound_of(clip: BackdoorClip, trigger: str, asking: Asking) -> tuple[Samples, str]:
    """Return a clip's samples with a trigger of the bank (or without one), and the hash of this sound."""
    if trigger == NO_TRIGGER:
        return clip.samples, clip.audio_hash
    rng = generator(asking.seed, "backdoor", "scan", trigger, clip.clip_id)
    samples = with_trigger(clip.samples, asking.bank[trigger], rng, asking.window_seconds).samples
    return samples, audio_hash(samples)
