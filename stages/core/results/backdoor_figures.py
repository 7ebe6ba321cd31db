"""The figures in an experiment's `details.json`, as the stage computes them and as its result publishes them."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from stages.core.results.model import Interval

TriggerFigures = dict[str, str | float | bool | tuple[float, float] | None]
"""A trigger's settings as declared, whether it is added to the sound, and its unit."""


class AttackRate(TypedDict):
    """How many of `n` clips, whose right answer is another one, got the attack answer; null if `n` is 0."""

    rate: float | None
    ci: Interval
    n: int
    successes: int


class BenignMeasure(TypedDict):
    """How well a model does its task on clean clips: ``accuracy``, ``wer`` or ``mae``."""

    measure: Literal["accuracy", "wer", "mae"]
    value: float | None
    ci: Interval
    n: int


class BenignDifference(TypedDict):
    """How much worse the victim is than the clean twin, in the measure's unit."""

    value: float | None
    ci: Interval


class GridRow(TypedDict):
    """A model of the component grid: which components are poisoned, and the rates in every test condition."""

    how: str
    poisoned: list[str]
    clean: list[str]
    aer: AttackRate
    plain: AttackRate
    random_sound: AttackRate
    benign: BenignMeasure


class EmbeddingShift(TypedDict):
    """How far paired embeddings moved; null where the measure is not defined."""

    shift: float | None
    common: float | None


class LayerShift(EmbeddingShift):
    """How far a layer's embeddings of `n` clips move under a test condition."""

    model: str
    condition: str
    layer: str
    n: int


class DefenceChange(TypedDict):
    """A figure before and after a defence, and the drop with its interval."""

    before: float
    after: float
    drop: float
    interval: Interval


class DefenceFigures(TypedDict):
    """A defence, its benefit and its cost; `der` is the defence effectiveness rate, with its interval.

    `clips` is the number of clean training clips, and `n` that of the attack's items.
    """

    defence: str
    components: list[str]
    clips: int
    n: int
    attack: DefenceChange
    benign: DefenceChange
    der: float
    interval: Interval


class IsolationFigures(TypedDict):
    """How well the suspected clips hold the poisoned ones, with Wilson's intervals."""

    suspected: int
    poisoned: int
    both: int
    precision: float
    precision_ci: Interval
    recall: float
    recall_ci: Interval
    f1: float


class ClusteringFigures(TypedDict):
    """One k of the sweep: how well its smallest cluster, and its best one, hold the poison."""

    k: int
    silhouette: float
    sizes: list[int]
    smallest: IsolationFigures
    best: IsolationFigures


class SweepFigures(TypedDict):
    """Activation clustering: the k with the highest silhouette, and isolation by its smallest cluster (`blind`)."""

    chosen: int
    blind: IsolationFigures
    sweep: list[ClusteringFigures]


class LayerDetection(TypedDict):
    """How well the poison is found in the activations of one layer."""

    clustering: SweepFigures
    spectral: IsolationFigures


class PoisonDetection(TypedDict):
    """How well the poison is found among `clips` training clips, by layer."""

    clips: int
    poisoned: int
    layers: dict[str, LayerDetection]


class StripFigures(TypedDict):
    """How many triggered clips STRIP finds; the threshold, in nats, is null with too few clean clips."""

    rate: float | None
    ci: Interval
    triggered: int
    clean: int
    false_positive_rate: float
    false_alarms: int
    threshold: float | None
    mean_entropy: dict[str, float]


class DetectionFigures(PoisonDetection):
    """How well each detector finds the poison, or the trigger."""

    strip: StripFigures
