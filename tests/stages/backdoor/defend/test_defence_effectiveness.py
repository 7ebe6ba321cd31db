"""DER, by hand."""

import numpy as np
import pytest

from stages.backdoor.defend.defence_effectiveness import Answered, effectiveness


def first(share: float, n: int = 20) -> np.ndarray:
    """Return float64[n]: 1.0 for so large a share of items, the first ones."""
    return (np.arange(n) < round(share * n)).astype(float)


@pytest.mark.parametrize(
    ("attack", "benign", "der"),
    [
        ((1.0, 0.0), (0.9, 0.9), 1.0),  # undone at no cost
        ((1.0, 1.0), (0.9, 0.9), 0.5),  # nothing done
        ((1.0, 0.5), (0.9, 0.8), (0.5 - 0.1 + 1) / 2),
        ((0.5, 1.0), (0.8, 0.9), 0.5),  # the attack gains, the model too: neither counts
        ((0.0, 0.0), (1.0, 0.0), 0.0),
    ],
)
def test_der_is_half_of_one_and_the_two_drops_that_are_above_zero(
    attack: tuple[float, float], benign: tuple[float, float], der: float
) -> None:
    before, after = (Answered(first(attack[at]), first(benign[at]), np.ones(20, bool)) for at in (0, 1))
    assert effectiveness(before, after, np.random.default_rng(1)).der == pytest.approx(der)


def test_only_items_that_count_are_of_the_attack() -> None:
    counts = np.arange(20) >= 10
    before, after = Answered(first(1.0), first(0.9), counts), Answered(first(0.75), first(0.9), counts)
    found = effectiveness(before, after, np.random.default_rng(1))
    assert (found.attack.before, found.attack.after) == (1.0, 0.5)
    assert found.benign.before == 0.9


def test_attack_and_benign_measure_are_drawn_together() -> None:
    # Where both change on the same clips, by as much, the gain and the cost balance in every draw.
    before, after = (Answered(first(it, 40), first(it, 40), np.ones(40, bool)) for it in (1.0, 0.5))
    found = effectiveness(before, after, np.random.default_rng(1))
    assert (found.der, found.interval) == (0.5, (0.5, 0.5))


def test_intervals_hold_their_figure() -> None:
    rng = np.random.default_rng(2)
    right = rng.random(50)
    before = Answered(np.ones(50), right, np.ones(50, bool))
    after = Answered((rng.random(50) < 0.3).astype(float), right * rng.random(50), np.ones(50, bool))
    found = effectiveness(before, after, rng)
    assert found.interval[0] < found.der < found.interval[1]
    for change in (found.attack, found.benign):
        assert change.interval[0] < change.drop < change.interval[1]


def test_no_items_are_an_error() -> None:
    answered = Answered(np.ones(2), np.ones(2), np.zeros(2, bool))
    with pytest.raises(ValueError, match="not the attacker's"):
        effectiveness(answered, answered, np.random.default_rng(1))
