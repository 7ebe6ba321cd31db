"""The one place where an attack's full name is read and printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.results.attackname import AttackName

PARTS = st.text(st.characters(exclude_characters="/"), min_size=1)


@given(PARTS, PARTS, PARTS, st.integers(0, 99))
def test_what_is_printed_is_read_again(attack: str, slice_: str, condition: str, instruction: int) -> None:
    name = AttackName(attack, slice_, condition, instruction)
    assert AttackName.of(str(name)) == name
    assert str(name) == f"{attack}/{name.view}" == f"{name.over_instructions}/{instruction}"
    assert AttackName.attack_of(str(name)) == attack


@pytest.mark.parametrize("text", ["", "loss", "fidelity_detector", "loss/transcript/given", "loss/transcript/given/x",
                                  "a/b/c/0/1", "/transcript/given/0", "loss//given/0"])  # fmt: skip
def test_what_is_no_full_name_is_none(text: str) -> None:
    assert AttackName.of(text) is None
    assert AttackName.short(text) == text


def test_short_names_leave_out_what_goes_without_saying() -> None:
    assert AttackName.short("loss/transcript/given/0") == "loss"
    for name in ("loss/audio/given/0", "loss/transcript/generated/0", "loss/transcript/given/1"):
        assert AttackName.short(name) == name
