"""`params.yaml`, checked: the only place where anything is configured.

A section for each noun (`corpora`, `targets`, `copies`, `audits`) and one for each stage. Every key is declared
here with its type and range; an unknown, missing or ill-typed key is an error that names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from stages.core.backdoor_params import Backdoor
from stages.core.consistency import check_consistency
from stages.core.errors import EarwitnessError
from stages.core.lab_params import LabSpeech, LabTarget
from stages.core.leakage_params import AttributeLeakage
from stages.core.section import Name, Order, Positive, Section, Share, distinct
from stages.core.yamlfile import read_yaml


class Corpus(Section):
    """How the split of ``data/raw/<name>/`` was made, and where membership is written."""

    split: Literal["randomised", "matched", "post_hoc"]
    member: Literal["column", "folders", "random_half"]


class TargetModel(Section):
    """A model under audit: a hub id or a folder, pinned to a revision."""

    model: str
    revision: str
    dtype: Literal["float32", "bfloat16", "float16"]


class Copy(Section):
    """A copy of a target, fine-tuned on the members of one or two corpora (`none` fills an empty place).

    With `teach`, a question by attribute, it is taught not to transcribe members but to answer the questions, by all
    clips whose manifest says the attribute.
    """

    base: str
    train_on: Annotated[list[str], Field(min_length=2, max_length=2)]
    epochs: Positive
    teach: dict[str, str] = Field(default_factory=dict)


class Audit(Section):
    """A corpus put to a target, beside a reference known not to hold the data (or `none`)."""

    corpus: str
    target: str
    reference: str


class Ingest(Section):
    """What makes a clip usable."""

    min_seconds: Annotated[float, Field(gt=0)]
    max_seconds: Annotated[float, Field(gt=0)]
    unreadable: Literal["stop", "quarantine"]

    @model_validator(mode="after")
    def _check_order(self) -> Ingest:
        if self.min_seconds > self.max_seconds:
            raise ValueError("min_seconds is more than max_seconds")
        return self


class Features(Section):
    """Which feature families are measured."""

    families: list[str]


class BlindBaseline(Section):
    """The model-free baseline and the population drawn from it."""

    folds: Annotated[int, Field(ge=2)]
    permutations: Annotated[int, Field(ge=60)]
    bootstraps: Annotated[int, Field(ge=200)]
    tolerance: Annotated[float, Field(gt=0.5, lt=1)]
    caliper: Annotated[float, Field(gt=0)]
    min_matched: Positive
    odds_trim: Annotated[float, Field(ge=0, lt=0.5)]


class Perturbation(Section):
    """Neighbours of every clip: for each perturbation, how many and in which ranges; a codec over all pairings."""

    neighbours: dict[str, dict[str, Any]]
    pairing_codec: Literal["none", "g711", "opus", "mp3"]


class Target(Section):
    """How a target is loaded and checked."""

    attention: Literal["sdpa", "eager"]
    min_audio_effect: Annotated[float, Field(ge=0)]


class Finetune(Section):
    """How copies are trained."""

    method: Literal["whole", "lora"]
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Positive


class Logits(Section):
    """The teacher-forced forward."""

    instructions: Annotated[list[str], Field(min_length=1)]
    slices: Annotated[list[Literal["audio", "instruction", "transcript"]], Field(min_length=1)]
    conditions: Annotated[list[Literal["given", "generated"]], Field(min_length=1)]
    generated_tokens: Positive
    orders: list[Order]
    batch_size: Positive
    probes: list[str]


class Attacks(Section):
    """Shares of tokens and Rényi orders of attacks that have them; folds and permuted labels of learned ones."""

    shares: list[Share]
    orders: list[Order]
    folds: Annotated[int, Field(ge=2)]
    permutations: Annotated[int, Field(ge=0)]


class FidelityDetector(Section):
    """The learned attack on differences between a clip and its neighbours."""

    labels: Literal["row", "model"]
    kinds: Annotated[list[Literal["audio", "text", "pairing"]], Field(min_length=1)]
    embedder: str
    embedder_revision: str
    folds: Annotated[int, Field(ge=2)]
    epochs: Positive
    patience: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    hidden: Positive


class Evaluation(Section):
    """What counts as evidence."""

    primary_attacks: Annotated[list[str], Field(min_length=1, max_length=8), AfterValidator(distinct)]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    margin: Annotated[float, Field(ge=1)]
    smallest_effect: Annotated[float, Field(gt=0.5, lt=1)]
    bootstraps: Annotated[int, Field(ge=200)]


class Report(Section):
    """The page for people."""

    title: str


class Compute(Section):
    """Where the parallel work runs; changes no number."""

    backend: Literal["loky", "dask"]
    workers: Positive | None
    address: str | None


class Params(Section):
    """The whole of `params.yaml`."""

    seed: Annotated[int, Field(strict=True)]
    corpora: dict[Name, Corpus]
    targets: dict[Name, TargetModel]
    copies: dict[Name, Copy]
    audits: dict[Name, Audit]
    lab_speech: LabSpeech
    lab_target: LabTarget
    corpus: Ingest
    features: Features
    blind_baseline: BlindBaseline
    perturbation: Perturbation
    target: Target
    finetune: Finetune
    logits: Logits
    attacks: Attacks
    fidelity_detector: FidelityDetector
    attribute_leakage: AttributeLeakage
    evaluation: Evaluation
    backdoor: Backdoor
    report: Report
    compute: Compute

    def known_targets(self) -> set[str]:
        """Return every name that an audit's `target` or `reference` may take, but `none`."""
        return {"lab_base", *self.targets, *self.copies}


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check `params.yaml`.

    Raises
    ------
    EarwitnessError
        Naming the file and the line or the key.
    """
    try:
        params = Params.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        problem = first["msg"].removeprefix("Value error, ")  # what pydantic puts before our own words
        raise EarwitnessError(f"{path}: {key}: {problem}: correct this key") from error
    check_consistency(params, path)
    return params
