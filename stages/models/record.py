"""`data/target/<name>/target.json`: the one thing that downstream stages name of a target."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact, read_json, write_json

UNSTATED = "unstated"
"""How a closed model computes."""


class TargetRecord(BaseModel):
    """A pinned and checked target.

    Attributes
    ----------
    name : str
        As in `params.yaml`.
    model : str
        Folder (relative to the repository), hub id, or endpoint that it is loaded from.
    revision : str
        Commit hash of a hub model; empty for a folder; for an endpoint, what `params.yaml` calls its version.
    weight_hash : str
        BLAKE2 over the weight files' contents: what the row cache keys model rows by. For an endpoint, over its
        address, its name and its version alone.
    architecture : str
        The checkpoint's ``model_type``.
    parameters : int
    dtype, attention : str
        How it is loaded: they change numbers; "unstated" for an endpoint.
    window_seconds : float
        Longest audio that reaches it.
    audible : bool
        Whether other audio changes what it says of a transcript.
    audio_effect : dict of str to float
        Mean absolute change of the transcript's log-probability per token, in nats, when the audio is
        ``swapped``, ``silent`` or ``shuffled``.
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
    window_seconds: float
    audible: bool
    audio_effect: dict[str, float]

    def fingerprint(self) -> dict[str, Any]:
        """Return what a number computed with this target depends on."""
        return self.model_dump(include={"weight_hash", "architecture", "dtype", "attention"})


def read_record(name: str) -> TargetRecord:
    """Read a target's record.

    Raises
    ------
    EarwitnessError
        If it is missing or not a record.
    """
    path = artifact("target", name, "target.json")
    try:
        return TargetRecord.model_validate(read_json(path))
    except ValueError as error:
        raise EarwitnessError(f"{path}: not a target's record: delete it and run 'dvc repro'") from error


def write_record(record: TargetRecord) -> None:
    """Write a target's record under its name."""
    write_json(artifact("target", record.name, "target.json"), record.model_dump())
