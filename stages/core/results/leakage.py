"""What an audit of attribute leakage finds: for each attribute a finding with its reasons and figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.core.results.leakage_figures import (
    AnswerRates,
    ConditionComparison,
    DecodingFigures,
    GapFigures,
    IdentityFigures,
    LayerCounts,
    ProbeFigures,
    SilenceFigures,
)
from stages.core.results.model import Reason, Result

LeakFinding = Literal["told", "favoured", "words", "undecided", "known", "not_shown", "not_audible"]

LeakageCode = Literal[
    "told",
    "not_compared",
    "comparison_undecided",
    "words_tell",
    "not_asked",
    "one_speaker",
    "no_answer_tells",
    "target_failed",
    "layers_unread",
    "no_layer_reads",
    "layer_reads",
]


class LeakageReason(Reason[LeakageCode]):
    """A reason: its code, and the figures in its sentence. `stages.core.words.leakage` makes the sentence."""


class AttributeFinding(Result):
    """The finding on an attribute; `reasons` are the sentences of `because`."""

    finding: LeakFinding
    reasons: list[str]
    because: list[LeakageReason]


class AttributeResult(AttributeFinding):
    """The finding on an attribute and the figures behind it.

    `labels` counts the clips of each label. `conditions` holds rates, and `gap` gaps, by prompting condition and way of
    answering; `silence` is by way. `calibrated` is the balanced accuracy of the direct question after the prior on
    silence is subtracted.
    """

    options: list[str] | None = None
    clips: int | None = None
    labels: dict[str, int] | None = None
    conditions: dict[str, dict[str, AnswerRates]] | None = None
    silence: dict[str, SilenceFigures] | None = None
    calibrated: float | None = None
    gap: dict[str, dict[str, GapFigures]] | None = None
    probes: ProbeFigures | None = None


class LeakageResult(Result):
    """An audit of attribute leakage, as in `details.json`.

    `finding` is set only if the audio does not reach the target; then no question was asked, `attributes` is empty, and
    `audio_effect` says how much the audio changes in the target. `unlabelled` lists the attributes that no clip has,
    `speakers_note` says what was assumed of the speakers, and `system` where the target receives system prompts.
    """

    audit: str
    corpus: str
    target: str
    finding: Literal["not_audible"] | None = None
    attributes: dict[str, AttributeResult] = Field(default_factory=dict)
    clips: int | None = None
    unlabelled: list[str] | None = None
    audio_effect: dict[str, float | None] | None = None
    comparisons: list[ConditionComparison] | None = None
    speakers_note: str | None = None
    layers: LayerCounts | None = None
    identity: IdentityFigures | None = None
    system: str | None = None
    decoding: DecodingFigures | None = None
    questions: dict[str, str] | None = None
    judge: str | None = None
