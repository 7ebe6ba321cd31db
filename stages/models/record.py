"""`data/target/<name>/target.json`: the only artifact of a target that downstream stages read."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from stages.core.config.nouns import Placement, Quantization, Requests, Task
from stages.core.errors import EarwitnessError
from stages.core.schemas.failures import NOT_NUMBERS
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.models.options import CHANGES_SCORES, LoadOptions

UNSTATED = "unstated"
"""The value of `dtype` and `attention` for a closed model, which does not state them."""


class SpokenCheck(BaseModel):
    """How well a target understands spoken English sentences; see `stages.models.checks.understanding`.

    Attributes
    ----------
    sentences, scored : int
        How many there are, and how many have log-probabilities that are numbers.
    word_error_rate : float
        Wrong, missing and added words of the target's own transcripts, over the number of spoken words.
    right_text_gain : float or None
        By how many nats per token the right text is likelier than the text of another sentence; about 0 for a target
        that does not understand. None if no sentence could be scored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: int
    scored: int
    word_error_rate: float
    right_text_gain: float | None

    def words(self) -> str:
        """Return what was found, for the terminal."""
        found = f"word error rate {self.word_error_rate:.0%} on {self.sentences} spoken sentences".replace("%", " %")
        if self.right_text_gain is not None:
            than = "likelier" if self.right_text_gain >= 0 else "less likely"
            found += f"; right text {abs(self.right_text_gain):.2f} nats per token {than} than another sentence's"
        if self.scored < self.sentences and self.right_text_gain is not None:
            found += f"; {self.sentences - self.scored} sentences not scored: it {NOT_NUMBERS}"
        return found


class TargetRecord(BaseModel):
    """A pinned and checked target.

    Attributes
    ----------
    name : str
        As in `params.yaml`.
    model : str
        Where it is loaded from: folder (relative to the repository), hub id, or endpoint.
    revision : str
        Commit hash of a hub model; empty for a folder; for an endpoint, what `params.yaml` calls its version.
    weight_hash : str
        BLAKE2 over the contents of the weight files; part of the row cache's keys. For an endpoint, over its address,
        the model's name and its version alone.
    architecture : str
        The checkpoint's ``model_type``.
    parameters : int
    dtype, attention : str
        How the model is loaded; both change numbers. "unstated" for an endpoint.
    processor, base, language, task, placement, quantization, requests : str
        How the model is loaded; see `stages.models.options.LoadOptions`.
    published_quantization : str
        The method by which the checkpoint's own weights are quantised, such as "gptq"; empty if they are not. It is
        not part of the fingerprint, because the weights are hashed.
    window_seconds : float
        Longest audio that reaches the model.
    audible : bool
        Whether other audio changes the likelihood of given answers.
    audio_effect : dict of str to float
        Mean absolute change of the answers' log-probability per token, in nats, when the audio is ``swapped``,
        ``silent`` or ``shuffled``. For a model that gives no log-probabilities: the share of its answer's words that
        change, when the audio is ``swapped`` or ``silent``.
    spoken : SpokenCheck or None
        How well it understands speech; None if it does not hear.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    model: str
    revision: str
    weight_hash: str
    architecture: str
    parameters: int
    dtype: str
    attention: str
    processor: str = ""
    base: str = ""
    language: str = ""
    task: Task = "transcribe"
    placement: Placement = "one_device"
    quantization: Quantization = "none"
    requests: Requests = "direct"
    published_quantization: str = ""
    window_seconds: float
    audible: bool
    audio_effect: dict[str, float]
    spoken: SpokenCheck | None = None

    def words(self) -> str:
        """Return what the checks found, for the terminal."""
        if not self.audible:
            return "audio does not reach it: its audits will say not_audible"
        return f"hears; {self.spoken.words()}" if self.spoken is not None else "hears"

    def fingerprint(self) -> dict[str, Any]:
        """Return the properties of this target that a number computed with it depends on."""
        return self.model_dump(include={"weight_hash", "architecture", *CHANGES_SCORES})

    def options(self) -> LoadOptions:
        """Return how the model is loaded; an endpoint reads none of it."""
        stated = self.model_dump(include=set(LoadOptions.model_fields))
        if self.attention == UNSTATED:
            stated.pop("attention")
        return LoadOptions(**stated)


def read_record(name: str) -> TargetRecord:
    """Read a target's record.

    Raises
    ------
    EarwitnessError
        If the file is missing or holds no record.
    """
    path = artifact("target", name, "target.json")
    try:
        return TargetRecord.model_validate(read_json(path))
    except ValueError as error:
        raise EarwitnessError(f"{path}: not a target's record: delete it and run 'dvc repro'") from error


def write_record(record: TargetRecord) -> None:
    """Write a target's record under its name."""
    write_json(artifact("target", record.name, "target.json"), record.model_dump())
