"""The versions that numbers depend on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.run.discovery import stage_names
from stages.environment import versions
from stages.environment.__main__ import main
from tests.params import load_whole


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


def test_the_names_that_are_declared_are_written_alone(workplace: Path, make_params: Any, repository: Path) -> None:
    backdoor = load_whole(repository / "params.yaml").backdoor
    params = make_params({}).model_copy(update={"backdoor": backdoor})
    main("", params)
    written = Path("data/environment/declared.json").read_bytes()
    assert json.loads(written) == {"attribute_leakage": [], "backdoor": ["gender_click"]}
    longer = backdoor.experiments["gender_click"].model_copy(update={"epochs": 99})
    changed = backdoor.model_copy(update={"experiments": {"gender_click": longer}})
    main("", params.model_copy(update={"backdoor": changed}))
    assert Path("data/environment/declared.json").read_bytes() == written


def test_what_stages_and_corpora_that_are_gone_left_behind_is_removed(workplace: Path, make_params: Any) -> None:
    main("", make_params({"one": "column", "other": "column"}))
    Path("data/environment/code/gone.json").write_text("{}")
    main("", make_params({"one": "column"}))
    assert {file.name for file in Path("data/environment/corpora").iterdir()} == {"one.json"}
    assert {file.stem for file in Path("data/environment/code").iterdir()} == {
        name for name in stage_names() if name != "environment"
    }


def test_the_folder_of_a_data_set_of_the_hub_is_made_because_dvc_asks_for_it(workplace: Path, make_params: Any) -> None:
    params = make_params({"mine": "none", "other": "none"})
    params.corpora["mine"] = params.corpora["mine"].model_copy(update={"dataset": "org/speech", "revision": "a" * 40})
    main("", params)
    assert list(Path("data/raw").iterdir()) == [Path("data/raw/mine")]
