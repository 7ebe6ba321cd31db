"""`params.yaml`, checked: the only place where anything is configured.

A section for each noun (`corpora`, `targets`, `copies`, `audits`) and one for each stage. Every key is declared
here with its type and range; an unknown, missing or ill-typed key is an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages.core.errors import EarwitnessError

NONE = "none"
"""The name that stands for 'no reference' and for an empty place in `train_on`."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""A name becomes part of commands, paths and stage names."""

LAB_SHARES = 16
"""Pairs of sentence and voice are divided into so many shares; a lab corpus draws from its own, so no two have a pair
in common. Another number gives other sentences."""

Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
Order = Annotated[float, Field(gt=0, allow_inf_nan=True)]
"""Of a Rényi entropy, infinity included."""


def _distinct(names: list[str]) -> list[str]:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"names {twice[0]!r} twice")
    return names


class _EachKeyOnce(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice in one place, of which YAML's own would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping, its keys looked at first."""
        seen: set[Any] = set()
        for key, _ in node.value:
            value = self.construct_object(key, deep=True)
            if isinstance(value, str) and value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{value!r} stands here twice", key.start_mark)
            seen.add(value if isinstance(value, str) else id(key))
        return super().construct_mapping(node, deep)


class Section(BaseModel):
    """A section of `params.yaml`: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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


class LabCorpus(Section):
    """One synthesised corpus: which pairs of sentence and voice, how many clips, how many of one word, conditions.

    `other_voices` is the share of the clips whose sentence is spoken once more, in another voice and of unknown
    membership: the counterfactual that the perturbation `other_voice` takes.

    `voices_each` voices say each sentence, and `member_by` says what is drawn to be a member: a `clip`; a `text`, in
    all its voices; or a `binding`, every text and every voice being on both sides alike.

    The voices are those from number `first_voice` on. With `manners` every voice speaks as often calmly as excitedly,
    which the manifest says in a column, and nobody is a member: what is asked of such a corpus is who speaks and how.
    """

    share: Annotated[int, Field(ge=0, lt=LAB_SHARES)]
    clips: Positive
    fragments: Annotated[float, Field(ge=0, le=1)]
    other_voices: Annotated[float, Field(ge=0, le=1)] = 0.0
    voices_each: Positive = 1
    member_by: Literal["clip", "text", "binding"] = "clip"
    first_voice: Annotated[int, Field(ge=0)] = 0
    manners: bool = False
    member: str
    non_member: str

    @model_validator(mode="after")
    def _check_design(self) -> LabCorpus:
        if self.member_by == "binding" and self.voices_each % 2:
            raise ValueError("member_by: binding needs an even number of voices_each, half of them on each side")
        if (self.voices_each > 1) != (self.member_by != "clip"):
            raise ValueError("member_by: text or binding goes with more than one of voices_each, clip with one")
        if self.manners and self.member_by != "clip":
            raise ValueError("manners: goes with member_by: clip, since nobody is a member")
        return self


class Condition(Section):
    """A recording condition: how often and how loud the noise is, and which band remains."""

    noisy_share: Annotated[float, Field(ge=0, le=1)]
    snr_db: tuple[float, float]
    telephone: bool


class LabSpeech(Section):
    """The lab's synthesised speech."""

    voices: Annotated[int, Field(ge=24)]
    conditions: dict[Name, Condition]
    corpora: dict[Name, LabCorpus]


class LabTarget(Section):
    """Training of the lab's base model, from scratch."""

    epochs: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Positive
    question_share: Annotated[float, Field(ge=0, le=1)]


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


class Speakers(Section):
    """A corpus whose speakers a target is asked about."""

    corpus: str
    target: str


class Attribute(Section):
    """A question about the speaker, and what may be answered; where `options` is empty, what the corpus says."""

    question: Annotated[str, Field(min_length=1)]
    options: Annotated[list[str], AfterValidator(_distinct)]
    synonyms: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_options(self) -> Attribute:
        if len(self.options) == 1:
            raise ValueError("one option is no question: name two or more, or none to take the corpus's values")
        return self


class Identity(Section):
    """Whose speakers are not to be told apart: corpora whose terms forbid it."""

    exclude: list[str]


class AttributeLeakage(Section):
    """What a target tells about who speaks."""

    audits: dict[Name, Speakers]
    attributes: dict[Name, Attribute]
    conditions: Annotated[list[str], Field(min_length=1), AfterValidator(_distinct)]
    silence_seconds: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    generated_tokens: Positive
    batch_size: Positive
    judge: str
    identity: Identity


class Evaluation(Section):
    """What counts as evidence."""

    primary_attacks: Annotated[list[str], Field(min_length=1, max_length=8), AfterValidator(_distinct)]
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
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise EarwitnessError(f"{path}: not found: run in the folder that holds it") from error
    except UnicodeDecodeError as error:
        raise EarwitnessError(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from error
    except OSError as error:
        raise EarwitnessError(f"{path}: cannot be read ({error.strerror}): correct it or its permissions") from error
    try:
        content = yaml.load(text, _EachKeyOnce)  # noqa: S506 - derived from SafeLoader
    except RecursionError as error:
        raise EarwitnessError(f"{path}: nested too deeply: correct the YAML") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise EarwitnessError(f"{path}{line}: {problem}: correct the YAML") from error
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise EarwitnessError(f"{path}: {key}: {first['msg']}: correct this key") from error
    _check_names(params, path)
    _check_shares(params.lab_speech.corpora, path)
    _check_orders(params, path)
    return params


def _check_names(params: Params, path: Path) -> None:
    """Check that every name used in a section is declared in another."""
    corpora, targets = set(params.corpora), params.known_targets()
    uses = [
        *(("copies", name, "base", [copy.base], targets - {name}) for name, copy in params.copies.items()),
        *(("copies", name, "train_on", copy.train_on, corpora | {NONE}) for name, copy in params.copies.items()),
        *(("audits", name, "corpus", [audit.corpus], corpora) for name, audit in params.audits.items()),
        *(("audits", name, "target", [audit.target], targets) for name, audit in params.audits.items()),
        *(("audits", name, "reference", [audit.reference], targets | {NONE}) for name, audit in params.audits.items()),
        *_names_of_leakage(params.attribute_leakage, corpora, targets),
    ]
    for section, item, key, names, known in uses:
        for name in names:
            if name not in known:
                place = ".".join(filter(None, (section, item, key)))
                raise EarwitnessError(f"{path}: {place}: unknown name {name!r}: use one of {', '.join(sorted(known))}")
    taken = {"lab_base", NONE} & {*params.targets, *params.copies} | set(params.targets) & set(params.copies)
    if taken:
        raise EarwitnessError(f"{path}: targets and copies: {min(taken)!r} is taken: choose another name")
    if "leakage" in params.audits:
        raise EarwitnessError(f"{path}: audits: 'leakage' is taken in verdict.json: choose another name")
    if NONE in params.corpora:
        raise EarwitnessError(f"{path}: corpora: {NONE!r} stands for no corpus: choose another name")
    for name, copy in params.copies.items():
        if copy.train_on[0] == copy.train_on[1]:
            raise EarwitnessError(f"{path}: copies.{name}.train_on: the same twice: write none for an empty place")
    _check_untaught(params, path)
    for name, audit in params.audits.items():
        if audit.reference == audit.target:
            raise EarwitnessError(f"{path}: audits.{name}.reference: is the target itself: name another, or none")


def _check_untaught(params: Params, path: Path) -> None:
    """Check that no audit of membership rests on a copy that was taught with all labelled clips, members or not."""
    taught = {name for name, copy in params.copies.items() if copy.teach}
    for _ in params.copies:  # a copy of one has met them too, however long the chain
        taught |= {name for name, copy in params.copies.items() if copy.base in taught}
    for name, audit in params.audits.items():
        for key, used in (("target", audit.target), ("reference", audit.reference)):
            if used in taught:
                raise EarwitnessError(
                    f"{path}: audits.{name}.{key}: {used!r} is taught (copies: teach) with all labelled clips, "
                    "non-members too, so nothing about membership follows: name another target, or ask it in "
                    "attribute_leakage.audits"
                )


def _names_of_leakage(
    asked: AttributeLeakage, corpora: set[str], targets: set[str]
) -> list[tuple[str, str, str, list[str], set[str]]]:
    section = "attribute_leakage.audits"
    return [
        *((section, name, "corpus", [audit.corpus], corpora) for name, audit in asked.audits.items()),
        *((section, name, "target", [audit.target], targets) for name, audit in asked.audits.items()),
        ("attribute_leakage", "judge", "", [asked.judge], targets | {NONE}),
        ("attribute_leakage", "identity", "exclude", asked.identity.exclude, corpora),
    ]


def _check_orders(params: Params, path: Path) -> None:
    """Check that the statistics that later stages read are among those that `logits` computes."""
    read = {*params.attacks.orders, 0.5}  # the fidelity detector reads order 0.5
    if unknown := read - set(params.logits.orders):
        raise EarwitnessError(
            f"{path}: logits.orders: lacks {min(unknown):g}, which attacks or the detector read: add it"
        )
    conditions = params.logits.conditions
    if "given" not in conditions or len(set(conditions)) < len(conditions):
        raise EarwitnessError(f"{path}: logits.conditions: name each condition once, and given among them")
    if "transcript" not in params.logits.slices or len(set(params.logits.slices)) < len(params.logits.slices):
        raise EarwitnessError(f"{path}: logits.slices: name each slice once, and transcript among them")


def _check_shares(corpora: Mapping[str, LabCorpus], path: Path) -> None:
    """Check that no two lab corpora draw from the same share: a member of one could be a non-member of another."""
    owners: dict[int, str] = {}
    for name, corpus in corpora.items():
        owner = owners.setdefault(corpus.share, name)
        if owner != name:
            raise EarwitnessError(
                f"{path}: lab_speech.corpora.{name}.share: {corpus.share} is that of {owner}: choose another"
            )
