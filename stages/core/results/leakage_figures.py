"""The figures in the `details.json` of a leakage audit, as the stage computes them and as its result publishes them."""

from __future__ import annotations

from typing_extensions import NotRequired, TypedDict

from stages.core.results.model import Interval


class ShareFigures(TypedDict):
    """A share of clips (null without clips) with Wilson's interval, and with the interval clustered by speaker."""

    share: float | None
    count: int
    n: int
    wilson: Interval
    clustered: Interval


class GroupRates(TypedDict):
    """The rates of a group of speakers; ``iar`` is HearSay's share of clips whose attribute is inferred correctly."""

    n: int
    speakers: int
    iar: ShareFigures
    refusal_rate: ShareFigures


class AnswerRates(GroupRates):
    """The rates of one cell: one prompting condition and one way of answering.

    `groups` is there for the direct question only.
    """

    outcomes: dict[str, int]
    failed: int
    chance: float
    majority: float | None
    accuracy_given_answered: ShareFigures
    coverage: ShareFigures
    unparsed_rate: ShareFigures
    balanced_accuracy: float | None
    groups: NotRequired[dict[str, GroupRates]]


class MostFrequentShare(TypedDict):
    """The share of the most frequent answer to silence among the `n` answers that name an option."""

    share: float | None
    n: int
    wilson: Interval


class SilenceFigures(TypedDict):
    """How silence is answered; `label` is the most frequent answer and `bbr` is its share."""

    n: int
    outcomes: dict[str, int]
    failed: int
    answers: dict[str, int]
    label: str | None
    bbr: MostFrequentShare
    by_chance: float | None


class GapFigures(TypedDict):
    """The balanced accuracy of the probe minus that of the answer, and the layer that the probe reads."""

    gap: float | None
    low: float | None
    high: float | None
    n: int
    layer: NotRequired[str]


class BestProbe(TypedDict):
    """The layer that is read best, and the balanced accuracy of its probe."""

    layer: str
    balanced_accuracy: float
    low: float | None
    high: float | None


class ProbeFigures(TypedDict):
    """The best probe, why there is none, and what was assumed of the speakers."""

    best: BestProbe | None
    reason: str | None
    note: str | None


class ConditionComparison(TypedDict):
    """A prompting condition compared with the baseline on the same clips; p values before and after Holm's."""

    attribute: str
    condition: str
    baseline: str
    way: str
    outcome: str
    n: int
    more: int
    less: int
    difference: float | None
    p: float
    speaker_p: float
    holm_p: NotRequired[float]
    holm_speaker_p: NotRequired[float]


class LayerCounts(TypedDict):
    """Numbers of clips with layers and without, and the first failure."""

    clips: int
    failed: int
    failure: str | None


class IdentityFigures(TypedDict):
    """The same-speaker trials, by layer and kind of pairs: the measures of `verify`; the reason if there are none."""

    layers: dict[str, dict[str, dict[str, object]]]
    reason: str | None
    across_sessions: bool | None


class DecodingFigures(TypedDict):
    """How free and constrained answers were read from the target."""

    free: str
    generated_tokens: int
    constrained: str
