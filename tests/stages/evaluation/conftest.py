"""Audits with a known truth, small enough for every test."""

from typing import Any

import numpy as np
import pytest

from stages.core.run.randomness import generator
from stages.evaluation.scenario import Scenario, draw

FAST = {"blind_baseline": {"bootstraps": 200}, "evaluation": {"bootstraps": 200}}


@pytest.fixture
def audit() -> Any:
    """Draw one audit: the arguments of `judge`."""

    def drawn(**factors: Any) -> dict[str, Any]:
        scenario = Scenario(**{"side": 200, "speakers": 40} | factors)
        return draw(scenario, generator(3, repr(scenario))) | {"params": FAST}

    return drawn


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
