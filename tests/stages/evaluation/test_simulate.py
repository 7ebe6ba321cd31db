"""False alarms and power of the whole rule, in a small version of the published simulation."""

from collections import Counter
from dataclasses import replace

import pytest

from stages.evaluation.scenario import Scenario
from stages.evaluation.simulate import CLAIMS, Block, SimulatedAudit, audit, blocks, main, run, table

SMALL = Scenario(side=150, speakers=30)


def test_every_level_of_every_factor_has_as_many_audits_as_asked_for() -> None:
    needed = {"shift", "sight", "useless", "scale", "proportional"}
    false_alarms = [block for block in blocks() if not block.base.memory][:2]
    for block in false_alarms:
        scenarios = block.scenarios(40, seed=1)
        for name, levels in block.factors.items():
            counted = Counter(getattr(scenario, name) for scenario in scenarios)
            assert set(counted) == set(levels)
            assert min(counted.values()) >= 40 - 1
            assert max(counted.values()) - min(counted.values()) <= 1
    assert {name for block in false_alarms for name in block.factors} >= needed


def test_an_audit_depends_on_nothing_but_its_number() -> None:
    block = Block("twice", replace(SMALL, shift=1.0), {"scale": (0.6, 1.5)}, 1)
    assert run(block, 4, seed=1, workers=1)[2] == audit(block.scenarios(4, seed=1)[2], 1, 2)


def test_a_table_counts_what_each_step_caught() -> None:
    block = Block("counted", SMALL, {"scale": (0.6, 1.5)}, 1)
    reached = [(True, True, True, True), (True, True, False, False), (True, False, False, False), (False,) * 4]
    outcomes = [
        SimulatedAudit(replace(SMALL, scale=0.6), "suspected" if steps[3] else "confounded", steps) for steps in reached
    ]
    lines = list(table(block, outcomes))
    assert lines[0] == "### counted"
    assert lines[4].startswith("| all | 4 | 0.250 [0.046, 0.699] | 0.75 | 0.25 | 0.25 | 0.00 | confounded 0.75")
    assert lines[6].startswith("| scale 1.5 | 0 |")


def test_cells_are_combinations() -> None:
    block = Block("cells", SMALL, {"shift": (0.0, 1.0), "scale": (0.6, 1.5)}, 1, ("shift", "scale"))
    assert len(block.rows()) == 4
    assert {"shift": 1.0, "scale": 0.6} in block.rows()


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.evaluation.simulate.blocks", lambda: [Block("one", SMALL, {"memory": (0.0, 1.0)}, 1)])
    main(["--audits", "4", "--seed", "1"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[2].startswith("| | audits | claim memory |")
    assert printed[5].startswith("| memory 0.0 | 2 | ")
    assert printed[6].startswith("| memory 1.0 | 2 | ")


def claims(block: Block, audits: int) -> list[bool]:
    return [outcome.finding in CLAIMS for outcome in run(block, audits, seed=2, workers=1)]


@pytest.mark.parametrize("split", ["randomised", "post_hoc"])
def test_few_alarms_without_memory(split: str) -> None:
    shifts = (0.0,) if split == "randomised" else (0.5, 1.0, 2.0)
    block = Block(split, replace(SMALL, split=split), {"shift": shifts, "sight": ("full", "part", "poor")}, 1)
    # Five per cent and two binomial errors of 24 audits are 3.3.
    assert sum(claims(block, 24)) <= 3


def test_memory_is_found_among_useless_features() -> None:
    block = Block("power", Scenario(side=300, memory=0.8, useless=150), {"shift": (0.0, 0.5)}, 1)
    assert sum(claims(block, 8)) >= 7


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_false_alarms_stay_at_the_level(number: int) -> None:
    # Five per cent and two binomial errors of 120 audits are 10.8.
    block = replace(blocks()[number], size=1.0)
    assert sum(claims(block, 120)) <= 10


@pytest.mark.slow
def test_memory_of_half_a_deviation_is_found() -> None:
    assert sum(claims(replace(blocks()[2], size=1.0), 100)) >= 90
