"""The modality matrix tells three targets of the lab apart, which have memorised different things."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.environment import process_environment
from flows.fragments import add_fragment
from tests.conftest import copy_working_tree

pytestmark = pytest.mark.slow

ATTACK = "loss/transcript/given/0"
AUDITS = ("texts", "bindings", "trained")


@pytest.fixture(scope="module")
def contrasts(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return each audit's contrast with the true counterfactual, from a working copy with docs/modality.yaml."""
    clone = tmp_path_factory.mktemp("lab")
    copy_working_tree(repository, clone)
    add_fragment(clone / "docs/modality.yaml", clone / "params.yaml")
    goals = [f"evaluation@{audit}" for audit in AUDITS]
    subprocess.run([sys.executable, "-m", "dvc", "repro", *goals], cwd=clone, env=process_environment(), check=True)
    details = {audit: json.loads((clone / f"data/evaluation/{audit}/details.json").read_text()) for audit in AUDITS}
    return {audit: found["modality"]["interaction"]["other_voice"][ATTACK] for audit, found in details.items()}


def test_who_remembers_texts_shows_them_in_any_voice(contrasts: dict[str, dict[str, Any]]) -> None:
    found = contrasts["texts"]
    assert found["text"]["ci"][0] > 0
    assert found["binding"]["effect"] < found["text"]["effect"] / 4


def test_who_remembers_bindings_shows_neither_text_nor_voice(contrasts: dict[str, dict[str, Any]]) -> None:
    found = contrasts["bindings"]
    assert found["binding"]["ci"][0] > 0
    assert found["text"]["effect"] < found["binding"]["effect"]
    assert found["voice"]["effect"] < found["binding"]["effect"]


def test_the_ordinary_target_is_told_from_both(contrasts: dict[str, dict[str, Any]]) -> None:
    shares = {
        audit: found["text"]["effect"]
        / (found["text"]["effect"] + found["voice"]["effect"] + found["binding"]["effect"])
        for audit, found in contrasts.items()
    }
    assert shares["bindings"] < shares["trained"] < shares["texts"]
