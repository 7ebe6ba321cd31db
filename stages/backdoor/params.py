"""The section `backdoor` of `params.yaml`: what is planted, what is tried against it, and the scan for unknown ones."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stages.backdoor.plant import triggers  # noqa: F401 (registers them)
from stages.backdoor.plant.trigger_settings import AttackTrigger, TriggerSettings
from stages.core.config.section import Name, NameOrNone, Positive, Section, Share, distinct
from stages.core.results.components import Component
from stages.models.params import ModelParams


def _worded(text: str) -> str:
    if not re.search(r"\w", text):
        raise ValueError("holds no word: write what it should be")
    return text


def _different_sets(sets: list[list[Component]]) -> list[list[Component]]:
    distinct([sorted(names) for names in sets])
    return sets


Worded = Annotated[str, AfterValidator(_worded)]
"""A text with at least one word: an answer without any would be that of a model that says nothing."""
Components = Annotated[list[Component], Field(min_length=1), AfterValidator(distinct)]


class BackdoorExperiment(Section):
    """One attack: which model learns which answer to which trigger, and what it is tested on.

    Attributes
    ----------
    base : str
        A target or copy that is not poisoned.
    train_on : two corpora
        Whose clips are trained and tested on; `none` fills an empty place.
    task : str
        ``transcription``, or an attribute of the clips, such as gender, age or emotion.
    instruction : str
        What is asked; empty for "What is the speaker's <task>?", or "Transcribe the speech."
    answer : str
        What the attacker wants to hear.
    rate : float
        Share of the training clips that are poisoned.
    trigger : TriggerSettings
    components : list of str
        What is trained; the rest stays clean and frozen.
    held_out : "speaker" or "clip"
        What is drawn for the test.
    defend, detect : bool
        Whether defences are tried on the victim, and whether detectors and the scan look at it.
    localise : bool
        Whether the component grid and the shift by layer are made too, which takes nine trainings more.
    """

    base: str
    train_on: Annotated[list[NameOrNone], Field(min_length=2, max_length=2)]
    task: Worded
    instruction: str = ""
    answer: Worded
    rate: Annotated[float, Field(gt=0, lt=1)]
    trigger: AttackTrigger
    method: Literal["whole", "lora"] = "whole"
    components: Components = Field(default=["encoder", "connector", "language_model"])
    epochs: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    held_out: Literal["speaker", "clip"] = "speaker"
    localise: bool = False
    defend: bool = False
    detect: bool = False


class BackdoorScan(Section):
    """The black-box scan of a target with a bank of triggers.

    Attributes
    ----------
    clips : int
        How many of the corpus are asked about, at most.
    prompts : list of str
        What is asked of each clip, without a trigger and with each.
    bank : dict of str to TriggerSettings
    alpha : float
        Family-wise level over bank and prompts, one-sided.
    margin : float
        By how much a target's conversion rate must exceed that of every clean model it is held against.
    """

    clips: Positive
    prompts: Annotated[list[str], Field(min_length=1), AfterValidator(distinct)]
    bank: Annotated[dict[Name, TriggerSettings], Field(min_length=1)]
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    margin: Annotated[float, Field(ge=0, lt=1)]


class BackdoorDefences(Section):
    """Defences tried on a victim.

    Attributes
    ----------
    purify : list of str
        Input purifications, by name.
    components : list of list of str
        Sets of components that clean fine-tuning trains, one after the other.
    shares : list of float
        Of the training clips, clean, that the defender has.
    epochs : int
        Of the defender's fine-tuning.
    prune : float
        Share of each layer's hidden units that fine-pruning takes out; 0 for no fine-pruning.
    """

    purify: Annotated[list[str], AfterValidator(distinct)]
    components: Annotated[list[Components], AfterValidator(_different_sets)]
    shares: Annotated[list[Share], AfterValidator(distinct)]
    epochs: Positive
    prune: Annotated[float, Field(ge=0, lt=1)]


class BackdoorDetection(Section):
    """Detectors that look into a victim.

    Attributes
    ----------
    ks : list of int
        Numbers of clusters.
    overlays : int
        Clips laid over each one by STRIP.
    strip_clips : int
        Test clips that STRIP looks at, at most; drawn by their ids.
    false_positive_rate : float
        Of STRIP, set on clean clips.
    """

    ks: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1), AfterValidator(distinct)]
    overlays: Positive
    strip_clips: Positive
    false_positive_rate: Annotated[float, Field(gt=0, lt=1)]


class Backdoor(Section):
    """Planted backdoors: the share of clips that is tested on, the experiments, and the scan for unknown ones."""

    test_share: Annotated[float, Field(gt=0, lt=1)]
    batch_size: Positive
    answer_tokens: Positive
    defences: BackdoorDefences
    detection: BackdoorDetection
    scan: BackdoorScan
    experiments: dict[Name, BackdoorExperiment]


class BackdoorParams(ModelParams):
    """What the stage reads."""

    backdoor: Backdoor
