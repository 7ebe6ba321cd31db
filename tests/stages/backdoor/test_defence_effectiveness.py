"""DER, by hand."""

import numpy as np
import pytest

from stages.backdoor.defence_effectiveness import effectiveness


def balance(attack: tuple[float, float], benign: tuple[float, float]) -> float:
    """Return the DER where a share of 20 items has each property before and after."""
    columns = [(np.arange(20) < round(share * 20)).astype(float) for share in (*attack, *benign)]
    return effectiveness(*columns, np.random.default_rng(1)).der


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
def test_der(attack: tuple[float, float], benign: tuple[float, float], der: float) -> None:
    assert balance(attack, benign) == pytest.approx(der)


def test_intervals_hold_their_figure_and_narrow_where_items_agree() -> None:
    rng = np.random.default_rng(2)
    before, after, benign = np.ones(50), (rng.random(50) < 0.3).astype(float), np.ones(30)
    found = effectiveness(before, after, benign, benign, rng)
    assert found.interval[0] < found.der < found.interval[1]
    assert found.attack.interval[0] < found.attack.drop < found.attack.interval[1]
    assert found.benign.interval == (0.0, 0.0)


def test_no_items_are_an_error() -> None:
    with pytest.raises(ValueError, match="triggered and clean items"):
        effectiveness(np.zeros(0), np.zeros(0), np.ones(2), np.ones(2), np.random.default_rng(1))
