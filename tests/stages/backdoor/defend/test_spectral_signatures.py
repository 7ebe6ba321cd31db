"""Spectral signatures: scores by hand, and which clips are removed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.backdoor.defend.spectral_signatures import spectral_scores, spectral_suspects


def test_scores_are_squared_projections_on_the_widest_direction() -> None:
    # Centred on (0, 0); the first axis varies most: 3, 3, 0, 0 of it, squared.
    activations = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert spectral_scores(activations) == pytest.approx([9, 9, 0, 0])


def test_equal_activations_score_nothing() -> None:
    assert spectral_scores(np.ones((4, 3))) == pytest.approx([0, 0, 0, 0])


@given(st.integers(0, 2**32 - 1))
def test_scores_do_not_depend_on_rotation_or_place(seed: int) -> None:
    rng = np.random.default_rng(seed)
    activations = rng.standard_normal((12, 3)) * [5.0, 1.0, 0.5]
    rotation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    assert spectral_scores(activations @ rotation + 7.0) == pytest.approx(spectral_scores(activations))


def test_one_and_a_half_times_the_assumed_share_is_removed() -> None:
    # 1.5 · 0.2 · 10 = 3 clips.
    suspected = spectral_suspects(np.arange(10.0), 0.2)
    assert np.flatnonzero(suspected).tolist() == [7, 8, 9]
    assert spectral_suspects(np.arange(4.0), 1.0).all()
    assert not spectral_suspects(np.arange(4.0), 0.0).any()
