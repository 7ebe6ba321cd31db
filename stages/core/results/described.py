"""What an audit describes beside its verdict: sensitivity, modality, canaries. No finding rests on these."""

from __future__ import annotations

from stages.core.results.model import Interval, Result


class AreaResult(Result):
    """An AUC with DeLong's interval; null where a side has no score."""

    auc: float | None
    delong_ci: Interval | None
    member: int
    non_member: int


class LengthResult(AreaResult):
    """The AUC among the clips of one third of the lengths, which lie between the two `seconds`."""

    seconds: Interval


class InstructionSpread(Result):
    """An attack's AUC by instruction, with mean and standard deviation."""

    auc: dict[str, float]
    mean: float
    deviation: float


class RatioResult(Result):
    """How well an attack works if few of the clips are members: means over draws of members."""

    member: int
    non_member: int
    auc: float
    auc_deviation: float
    tpr: float
    precision: float


class SensitivityResult(Result):
    """How much figures depend on choices, by attack.

    `orders` is by Rényi order, `member_ratio` by share of members, `corrupted_only` by perturbation.
    """

    instructions: dict[str, InstructionSpread]
    orders: dict[str, dict[str, float]]
    member_ratio: dict[str, dict[str, RatioResult]]
    length: dict[str, list[LengthResult]]
    corrupted_only: dict[str, dict[str, AreaResult]]


class PairingBlind(Result):
    """The blind AUC of the sound that the target is given, or the reason why there is none."""

    auc: float | None
    auc_ci: Interval | None
    reason: str | None


class PairingAttack(Result):
    """An attack's AUC on a pairing, and its difference from the AUC of the same clips unchanged."""

    auc: float | None
    auc_ci: Interval | None
    difference: float | None
    difference_ci: Interval | None
    member: int
    non_member: int
    reason: str | None


class PairingResult(Result):
    """One pairing: the blind AUC of its sound, and the AUC of each attack."""

    blind: PairingBlind
    attacks: dict[str, PairingAttack]


class ModalityEffect(Result):
    """An additive part of AUC - 0.5, with its interval."""

    effect: float
    ci: Interval


class ContrastResult(Result):
    """The effects of text, voice and their binding on an attack's AUC; null, with a reason, if there are too few."""

    text: ModalityEffect | None
    voice: ModalityEffect | None
    binding: ModalityEffect | None
    member: int
    non_member: int
    reason: str | None


class ModalityResult(Result):
    """The modality matrix: pairings by name; the contrast by pairing with another voice, then by attack."""

    against: str | None
    pairings: dict[str, PairingResult] | None
    interaction: dict[str, dict[str, ContrastResult]] | None
    reason: str | None


class CanaryTest(Result):
    """An attack's rank test over all sets of candidates; `holm_p` is corrected for the number of attacks."""

    p: float
    holm_p: float


class CanaryResult(Result):
    """The rank tests of the primary attacks, and the number of sets that they use."""

    sets: int
    attacks: dict[str, CanaryTest]
