"""The versions that numbers depend on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.environment import versions
from stages.environment.__main__ import main


def test_versions_are_those_that_are_installed(workplace: Path, make_params: Any) -> None:
    main("", make_params({}))
    written = json.loads(Path("data/environment.json").read_text())
    assert written["libraries"]["numpy"] == np.__version__
    assert written["libraries"]["praat-parselmouth"]
    assert written["python"].count(".") == 1
    before = Path("data/environment.json").read_bytes()
    main("", make_params({}))
    assert Path("data/environment.json").read_bytes() == before


def test_what_is_not_installed_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "LIBRARIES", ("no-such-library",))
    assert versions.environment()["libraries"] == {"no-such-library": None}
