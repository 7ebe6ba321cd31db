"""Every benchmark runs in its tiny form. What it measures is not checked."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.params import ROOT

OWN_DATA = [
    "attacks",
    "evaluation",
    "families",
    "features",
    "gpu",
    "linked",
    "logits",
    "neighbours",
    "recipes",
    "scale",
]
"""Of these, ``--tiny`` makes less of the data that they make themselves."""
OF_A_FOLDER = ["backdoors", "blind", "defences", "leakage", "scan"]
"""These are given a small folder of what they measure."""
LIBRARIES = ["baselines", "corpora", "plain_vectors", "recordings", "tiny"]


def test_every_benchmark_has_a_tiny_form() -> None:
    files = {file.stem for file in Path(__file__).parent.glob("*.py")} - {"test_tiny"}
    assert files == {*OWN_DATA, *OF_A_FOLDER, *LIBRARIES}
    named = re.search(r"^BENCHMARKS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named
    assert set(named[1].split()) <= {*OWN_DATA, *OF_A_FOLDER}


@pytest.mark.parametrize("name", [*OWN_DATA, *OF_A_FOLDER])
def test_it_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    benchmark = import_module(f"tests.benchmarks.{name}")
    benchmark.tiny() if name in OF_A_FOLDER else benchmark.main(["--tiny"])
    printed = capfd.readouterr().out
    assert re.search(r": .*\d", printed), printed
    assert Path.cwd() == tmp_path
