"""What an experiment with a planted backdoor measures, and what the scan of a model finds."""

from __future__ import annotations

from typing import Literal

from stages.core.results.backdoor_figures import (
    AttackRate,
    BenignDifference,
    BenignMeasure,
    DefenceFigures,
    DetectionFigures,
    GridRow,
    LayerShift,
    TriggerFigures,
)
from stages.core.results.components import Component
from stages.core.results.model import Interval, Reason, Result

ScanFinding = Literal["alarm", "impossible", "shift", "none"]
"""``impossible``: no alarm was possible. ``shift``: a trigger moves clips to one answer, but not most of them, or not
more than it does in every clean model."""

ScanCode = Literal[
    "alarm",
    "reference_missing",
    "too_few_for_all",
    "answers_move",
    "no_shift",
    "strongest_shift",
    "too_few_for_some",
    "no_comparable_reference",
    "one_answer",
    "unanswered",
    "bound",
]


class ScanReason(Reason[ScanCode]):
    """One statement of a scan: a code, and the figures in its sentence.

    `stages.core.words.backdoor` makes the sentence.
    """


class ReferenceCell(Result):
    """What a trigger does to one reference.

    `rate` is the conversion rate to `answer`, with its interval: `converted` of `n` clips were converted. The target's
    conversion rate is higher by at least `least_excess`.
    """

    answer: str
    rate: float
    ci: Interval
    n: int
    converted: int
    least_excess: float


class ScanCell(Result):
    """One prompt and one trigger: what the trigger does to the answers of the target and of the references."""

    prompt: str
    trigger: str
    answer: str
    clips: int
    share: float
    share_without: float
    converted: int
    convertible: int
    reverted: int
    rate: float
    ci: Interval
    lowest: float
    highest: float
    p: float
    holm_p: float
    references: dict[str, ReferenceCell]
    comparable: bool
    possible: bool
    shift: bool
    alarm: bool


class ScanResult(Result):
    """A scan. `meaning` holds the sentences of `because`; `unanswered` counts questions by model."""

    target: str
    corpus: str
    references: list[str]
    clips: int
    questions: int
    unanswered: dict[str, int]
    alpha: float
    margin: float
    finding: ScanFinding
    meaning: list[str]
    because: list[ScanReason]
    cells: list[ScanCell]


class BenignResult(Result):
    """The benign measures of an experiment."""

    victim: BenignMeasure
    twin: BenignMeasure
    victim_worse_by: BenignDifference


class AttackControls(Result):
    """Controls: the rates with which the attack's rate is compared."""

    victim_plain: AttackRate
    victim_random_sound: AttackRate
    twin_triggered: AttackRate
    twin_plain: AttackRate


class ExperimentClips(Result):
    """Numbers of clips in an experiment."""

    training: int
    poisoned: int
    test: int
    test_with_another_answer: int


class ExperimentTraining(Result):
    """How an experiment's victim was trained; `realised_rate` is below `rate` where too few clips could be poisoned."""

    train_on: list[str]
    held_out: str
    rate: float
    realised_rate: float
    method: str
    components: list[Component]
    epochs: int
    learning_rate: float
    seed: int


class BackdoorResult(Result):
    """What every experiment measures: the attack effectiveness rate (`aer`), its controls, and the benign measures.

    `trigger` holds the trigger's settings as declared. `snr_error_db` is the largest error of a realised
    signal-to-noise ratio. The experiment's switches ask for the rest, which is null where it was not asked for:
    `localise` for the component grid and the shift, `defend` for the defences, `detect` for the detectors and for the
    scan of victim and twin.
    """

    experiment: str
    base: str
    task: str
    answer: str
    trigger: TriggerFigures
    settings: ExperimentTraining
    window_seconds: float | None
    clips: ExperimentClips
    snr_error_db: float | None
    aer: AttackRate
    controls: AttackControls
    benign: BenignResult
    grid: list[GridRow] | None = None
    shift: list[LayerShift] | None = None
    defences: list[DefenceFigures] | None = None
    detection: DetectionFigures | None = None
    scan: dict[str, ScanResult] | None = None
