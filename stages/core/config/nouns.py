"""The parts of `params.yaml` that every stage may read: seed, corpora, targets, copies, audits, compute.

A stage's own ``params.py`` extends `Params` by the section that the stage owns.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stages.core.config.section import NONE, Name, NameOrNone, OrNone, Positive, Section

Task = Literal["transcribe", "translate"]
"""What a multilingual recogniser is told to do."""
Placement = Literal["one_device", "auto", "tensor_parallel"]
"""Where the weights of a target are put: on one device, over all devices with memory and disk, or in slices."""
Quantization = Literal["none", "int8", "int4"]
"""How the weights of a target are stored after loading."""

Requests = Literal["direct", "batch"]
"""How a served model is asked for the rows of an audit: one question at a time, or by its batch API."""


Unit = Literal["clip", "sound", "text", "speaker", "session"]
"""What `random_half` draws: each unit falls on one side as a whole."""


class Corpus(Section):
    """The recordings of ``data/raw/<name>/``: where they are listed, how the split was made, what is kept of them.

    Attributes
    ----------
    split : str
        How members and non-members came to be.
    member : str
        Where membership is written; `none` where nothing is known, which is enough for leakage.
    source : str
        A name of `stages.corpus.sources`, or `auto`: what the folder looks like.
    columns : dict of str to str
        For a field (text, speaker, ...), the column of the list that holds it.
    dataset, revision, part : str
        A data set of the Hub and the commit that it is pinned to; which of its splits (or of a list's) is read.
    unit : str
        What `random_half` draws.
    channel : str
        What becomes of several channels. `each` makes a clip of each.
    split_at : str
        `silence` makes clips of long recordings whose transcript has times.
    audio : str
        `embed` keeps a copy of each sound in ``clips.parquet``, `reference` reads it where it lies.
    """

    split: Literal["randomised", "matched", "post_hoc"]
    member: Literal["column", "folders", "random_half", "none"]
    source: str = "auto"
    columns: dict[str, str] = Field(default_factory=dict)
    dataset: OrNone = NONE
    revision: OrNone = NONE
    part: OrNone = NONE
    unit: Unit = "sound"
    channel: Literal["mix", "first", "loudest", "each"] = "mix"
    split_at: Literal["none", "silence"] = "none"
    audio: Literal["embed", "reference"] = "embed"

    def ingested(self) -> dict[str, object]:
        """Return what the stage `corpus` depends on: every key but `split`, which changes no clip."""
        return self.model_dump(exclude={"split"})


class TargetModel(Section):
    """A model under audit: a hub id, a folder or an endpoint, pinned to a revision, and how it is loaded.

    `stages.models.options.LoadOptions` says what each key means.
    """

    model: str
    revision: OrNone
    dtype: Literal["float32", "bfloat16", "float16"]
    processor: OrNone = NONE
    base: OrNone = NONE
    language: OrNone = NONE
    task: Task = "transcribe"
    placement: Placement = "one_device"
    quantization: Quantization = "none"
    requests: Requests = "direct"


class Copy(Section):
    """A copy of a target, fine-tuned on the members of one or two corpora (`none` fills an empty place).

    With `teach` (a question for each attribute) the copy learns to answer these questions instead of transcribing
    members. It learns from all clips whose manifest states the attribute, members or not.
    """

    base: str
    train_on: Annotated[list[NameOrNone], Field(min_length=2, max_length=2)]
    epochs: Positive
    teach: dict[str, str] = Field(default_factory=dict)


class Audit(Section):
    """A corpus put to a target, beside a reference known not to hold the data (or `none`)."""

    corpus: str
    target: str
    reference: NameOrNone


class Compute(Section):
    """Where the parallel work runs; changes no number."""

    backend: Literal["loky", "dask"]
    workers: Positive | None
    address: str | None


class Params(Section):
    """The seed, the nouns and the computing resources. Stages' sections are ignored here: their owners read them."""

    model_config = ConfigDict(extra="ignore")

    seed: Annotated[int, Field(strict=True)]
    corpora: dict[Name, Corpus]
    targets: dict[Name, TargetModel]
    copies: dict[Name, Copy]
    audits: dict[Name, Audit]
    compute: Compute

    def known_targets(self) -> set[str]:
        """Return every name that an audit's `target` or `reference` may take, but `none`."""
        return {"lab_base", *self.targets, *self.copies}
