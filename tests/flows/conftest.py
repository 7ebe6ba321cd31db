"""A small DVC project with toy stages, and Prefect's test server, once for all flow tests."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State

from tests.params import own_params

WORK = '''
"""Copy the inputs' text into the output, and note when this ran."""
import sys, time
from pathlib import Path

name, seconds, *paths = sys.argv[1:]
*inputs, output = map(Path, paths)
start = time.time()
if Path("broken").exists() and Path("broken").read_text() == name:
    print(f"earwitness: {name}: broken/file.csv, row 3: no speaker: add one", file=sys.stderr)
    sys.exit(2)
print("\\rhalf done", end="", file=sys.stderr, flush=True)
time.sleep(float(seconds))
text = "".join(path.read_text() for path in inputs)
output.parent.mkdir(parents=True, exist_ok=True)
output.write_text(text)
with open("ran.txt", "a") as log:
    log.write(f"{name} {start} {time.time()}\\n")
'''

PIPELINE = """
stages:
  clock:
    cmd: python work.py clock 0 time.txt data/clock.txt
    always_changed: true
    outs:
      - data/clock.txt
  features:
    foreach: ${corpora}
    do:
      cmd: python work.py features@${key} 0.6 data/clock.txt raw/${key}.txt data/features/${key}.txt
      deps:
        - data/clock.txt
        - raw/${key}.txt
      outs:
        - data/features/${key}.txt
  evaluation:
    foreach: ${audits}
    do:
      cmd: >-
        python work.py evaluation@${key} 0 data/features/${item.corpus}.txt
        data/scores/${key}.txt
      deps:
        - data/features/${item.corpus}.txt
      outs:
        - data/scores/${key}.txt
  report:
    cmd: python work.py report 0 data/scores/left.txt data/scores/right.txt data/report.txt
    deps:
      - data/scores
    outs:
      - data/report.txt
"""

HEADLINES = {
    "finding": "memorised",
    "grade": "randomised",
    "blind_auc": 0.51,
    "blind_auc_low": 0.45,
    "blind_auc_high": 0.57,
    "attack": "loss/transcript/given/0",
    "attack_auc": 0.84,
    "attack_auc_low": 0.8,
    "attack_auc_high": 0.88,
    "clips_cut": 3,
    "window_seconds": 30.0,
}
VERDICT = {
    "because": [{"code": "separates_population"}, {"code": "clips_not_scored"}, {"code": "clips_cut_left_out"}],
    "reasons": [
        "loss separates",
        "38 of 400 clips were not scored: the target gives no numbers",
        "3 of 400 clips are too long",
    ],
}


@pytest.fixture(scope="session", autouse=True)
def prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=90):
        yield


def _write_project(folder: Path, repository: Path) -> None:
    params = own_params(dict.fromkeys(["one", "two"], "column"))
    params["audits"] = {
        "left": {"corpus": "one", "target": "lab_base", "reference": "none"},
        "right": {"corpus": "two", "target": "lab_base", "reference": "none"},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "work.py").write_text(WORK)
    (folder / "time.txt").write_text("noon\n")
    (folder / "raw").mkdir()
    for name in params["corpora"]:
        (folder / "raw" / f"{name}.txt").write_text(f"{name}\n")
    evaluated = folder / "data" / "evaluation" / "left"
    evaluated.mkdir(parents=True)
    (evaluated / "metrics.json").write_text(json.dumps(HEADLINES))
    (evaluated / "verdict.json").write_text(json.dumps(VERDICT))
    shutil.copytree(repository / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    shutil.copy(repository / ".dvcignore", folder)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)


@pytest.fixture
def project(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git clone of its own with six toy stages over two corpora; the working directory."""
    _write_project(tmp_path, repository)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> tuple[Path, State[Any]]:
    """The toy project after its first run, with that run's state."""
    from flows.audit import audit

    folder = tmp_path_factory.mktemp("first_run")
    _write_project(folder, repository)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder, audit(None, False, checked=True, return_state=True)


@pytest.fixture
def built(tmp_path: Path, first_run: tuple[Path, State[Any]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the toy project after its first run, its log of runs empty; the working directory."""
    folder = tmp_path / "built"
    shutil.copytree(first_run[0], folder)
    (folder / "ran.txt").unlink()
    monkeypatch.chdir(folder)
    return folder
