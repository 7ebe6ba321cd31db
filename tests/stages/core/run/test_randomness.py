"""Seeds and draws from names."""

from hypothesis import given
from hypothesis import strategies as st

from stages.core.run.randomness import generator, seed_of


def test_seeds_are_the_same_for_ever() -> None:
    # BLAKE2b-64 of "(7, 'noise', 'x')", computed with another tool, less its lowest bit.
    assert seed_of(7, "noise", "x") == SEED_OF_NOISE_X


SEED_OF_NOISE_X = 3124728329838977263


@given(st.integers(0, 9), st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
def test_draws_depend_on_all_names_and_on_nothing_else(seed: int, first: list[str], second: list[str]) -> None:
    same = generator(seed, *first).random() == generator(seed, *second).random()
    assert same == (first == second)
    assert generator(seed, *first).random() != generator(seed + 1, *first).random()
