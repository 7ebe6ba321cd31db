"""False alarms and power of the whole rule, in a small version of the published simulation."""

from collections import Counter

import pytest

from stages.evaluation.simulate import Scenario, cells, claims, findings, main

SMALL = {"side": 150, "speakers": 30}


def test_every_level_of_every_factor_has_a_cell() -> None:
    scenarios = [scenario for _, scenario in cells()]
    assert {scenario.shift for scenario in scenarios} == {0.0, 0.5, 1.0, 2.0}
    assert {scenario.scale for scenario in scenarios} == {0.6, 0.8, 1.5}
    assert {scenario.useless for scenario in scenarios} == {0, 150, 400}
    assert len(set(scenarios)) == len(scenarios)


def test_claims_are_counted() -> None:
    assert claims(Counter({"memorised": 2, "suspected": 3, "confounded": 4})) == 5


def test_few_alarms_without_memory() -> None:
    found = findings(Scenario(shift=1.0, **SMALL), 12, seed=1)
    assert found.total() == 12
    assert claims(found) <= 2


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.evaluation.simulate.cells", lambda: iter([("memory", Scenario(memory=1.0, side=100))]))
    main(["--audits", "2", "--seed", "1"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("| cell |")
    assert printed[2].startswith("| memory | memory 1.0, side 100 | ")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [scenario for name, scenario in cells() if name.endswith("no memory")], ids=repr)
def test_false_alarms_stay_at_the_level(scenario: Scenario) -> None:
    # Five per cent and two binomial errors of 60 audits are 10.6 %.
    assert claims(findings(scenario, 60, seed=2)) <= 6


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_memory_of_half_a_deviation_is_found(shift: float) -> None:
    assert claims(findings(Scenario(shift=shift, memory=0.5), 60, seed=3)) >= 50
