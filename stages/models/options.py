"""How a checkpoint is loaded: what a target's section of `params.yaml` says beside the checkpoint's place."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from stages.core.config.nouns import Placement, Quantization, Requests, TargetModel, Task
from stages.core.config.section import NONE

CHANGES_SCORES = ("dtype", "attention", "processor", "language", "task", "quantization")


class LoadOptions(BaseModel):
    """Everything beside the checkpoint's place that decides how it is loaded.

    Attributes
    ----------
    revision : str
        Commit hash of a hub model; empty for a folder.
    dtype : str
        ``float32``, ``bfloat16`` or ``float16``. It is always stated, because `transformers` would otherwise use the
        checkpoint's own.
    attention : {"sdpa", "eager"}
    processor : str
        Where tokenizer and feature extractor are, if the checkpoint does not hold them: a folder, or a hub id followed
        by ``@`` and a commit; empty if they are in the checkpoint.
    base : str
        Where the weights are that low-rank updates change, if the checkpoint holds such updates alone and does not
        name their base: a folder, or a hub id followed by ``@`` and a commit; else empty.
    language, task : str
        What a multilingual recogniser is told; an empty language is the checkpoint's own, or the most probable one.
    placement : {"one_device", "auto", "tensor_parallel"}
        Where the weights are put. It changes scores by at most 1e-4 in float32.
    quantization : {"none", "int8", "int4"}
        How weights are stored after loading. It changes scores.
    requests : {"direct", "batch"}
        How a served model is asked for the rows of an audit. It changes no scores.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: str = ""
    dtype: str = "float32"
    attention: Literal["sdpa", "eager"] = "sdpa"
    processor: str = ""
    base: str = ""
    language: str = ""
    task: Task = "transcribe"
    placement: Placement = "one_device"
    quantization: Quantization = "none"
    requests: Requests = "direct"

    def changing(self) -> dict[str, str]:
        """Return the options that change scores; the placement does not, and weights are hashed themselves."""
        return self.model_dump(include=set(CHANGES_SCORES))

    @property
    def pinned(self) -> str | None:
        """The revision in the form that `transformers` takes."""
        return self.revision or None


def stated_options(target: TargetModel, revision: str, attention: Literal["sdpa", "eager"]) -> LoadOptions:
    """Return the options that a target's section states.

    Parameters
    ----------
    target : TargetModel
    revision : str
        See `stages.models.places.Place`.
    attention : {"sdpa", "eager"}
        From the section `target`.
    """
    return LoadOptions(
        revision=revision,
        dtype=target.dtype,
        attention=attention,
        processor="" if target.processor == NONE else target.processor,
        base="" if target.base == NONE else target.base,
        language="" if target.language == NONE else target.language,
        task=target.task,
        placement=target.placement,
        quantization=target.quantization,
        requests=target.requests,
    )
