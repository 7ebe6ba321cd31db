"""What an edit reruns, as DVC counts it, in a copy of the working tree whose stages DVC takes for done."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from flows.environment import process_environment
from tests.conftest import copy_working_tree

CODE = Path("data/environment/code")
Versions = dict[str, bytes]
AUDITS = ("trained", "control", "shifted", "leaky", "domain")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, env=process_environment())
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> tuple[Path, Versions]:
    """A copy in which the environment is real and every other output that is not in git holds its own path."""
    clone = tmp_path_factory.mktemp("reruns") / "clone"
    copy_working_tree(repository, clone)
    with contextlib.chdir(clone):
        run("stages.environment")
        with Repo() as repo:
            outs = [Path(out.fs_path) for out in repo.index.outs]
        for out in outs:
            if not out.exists():
                file = out if out.suffix else out / "file"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(str(out.relative_to(clone)))
        run("dvc", "commit", "--force", "--quiet")
        author = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
        subprocess.run(["git", "add", "-A"], check=True)
        subprocess.run(["git", *author, "commit", "-q", "-m", "Done"], check=True)
        return clone, versions()


@pytest.fixture
def before(done: tuple[Path, Versions]) -> Iterator[Versions]:
    """The code's versions when all was done, in the working directory; what a test edits is undone."""
    clone, found = done
    with contextlib.chdir(clone):
        yield found
        subprocess.run(["git", "checkout", "-q", "."], check=True)
        subprocess.run(["git", "clean", "-fdq"], check=True)


def stale() -> set[str]:
    """Return the stages whose inputs have changed, once `environment` has run."""
    run("stages.environment")
    return set(json.loads(run("dvc", "status", "--json").stdout)) - {"environment"}


def edit(path: str, old: str, new: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    assert text.count(old) == 1
    Path(path).write_text(text.replace(old, new), encoding="utf-8")


def versions() -> Versions:
    return {file.stem: file.read_bytes() for file in CODE.iterdir()}


def changed(before: Versions) -> set[str]:
    return {stage for stage, version in versions().items() if before.get(stage) != version}


def test_a_comment_and_a_docstring_in_every_module_rerun_nothing(before: Versions) -> None:
    documented = 0
    for module in Path("stages").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        documented += text.startswith('"""')
        module.write_text(text.replace('"""', '"""Said in another way: ', 1) + "\n# A comment.\n", encoding="utf-8")
    assert documented > 200
    assert stale() == set()
    assert changed(before) == set()


def test_a_new_attack_reruns_the_attacks(before: Versions) -> None:
    text = Path("stages/attacks/lowercase.py").read_text(encoding="utf-8")
    Path("stages/attacks/upper.py").write_text(text.replace('"lowercase"', '"upper"'))
    edit("stages/attacks/__init__.py", "    sampling,\n", "    sampling,\n    upper,\n")
    assert stale() == {f"attacks@{audit}" for audit in AUDITS}
    assert changed(before) == {"attacks"}


def test_a_new_field_of_experiments_reruns_the_experiments_alone(before: Versions) -> None:
    edit("stages/backdoor/params.py", "class BackdoorExperiment(Section):\n", f"{FIELD}\n")
    edit("params.yaml", "      held_out: clip  # or speaker\n", "      held_out: clip\n      warm_up: 5\n")
    assert stale() == {"backdoor@gender_click"}
    assert changed(before) == {"backdoor"}


FIELD = '''class WithWarmUp(Section):
    """Steps with a small learning rate."""

    warm_up: int = 0


class BackdoorExperiment(WithWarmUp):'''


def test_the_difference_of_metrics_is_shown_while_a_declared_audit_has_not_run(before: Versions) -> None:
    audit = "  newer: {corpus: lab_control, target: lab, reference: none}\n"
    edit("params.yaml", "  trained: {corpus: lab_trained", f"{audit}  trained: {{corpus: lab_trained")
    path = Path("data/fidelity_detector/trained/metrics.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auc": 0.123}))
    said = run("dvc", "metrics", "diff").stdout.splitlines()
    assert [line.split()[:2] for line in said[1:]] == [["data/fidelity_detector/trained/metrics.json", "auc"]]


@pytest.mark.parametrize("stage", ["attribute_leakage", "backdoor", "blind_baseline", "fidelity_detector"])
def test_metrics_are_flat_and_few(repository: Path, stage: str) -> None:
    figures = [json.loads(path.read_text()) for path in repository.glob(f"data/{stage}/*/metrics.json")]
    assert figures
    assert all(value is None or isinstance(value, int | float | str) for of_one in figures for value in of_one.values())
    assert len({key for of_one in figures for key in of_one}) <= 12


def test_the_roc_plot_has_a_curve_an_attack(before: Versions) -> None:
    said = run("dvc", "plots", "show", "data/evaluation/trained/roc.csv", "--show-vega").stdout
    plot = json.loads(said)
    curve = plot["spec"]["layer"][1]["encoding"]
    assert curve["color"]["field"] == "attack"
    assert curve["x"]["field"] == "false_positive_rate"
    primary = yaml.safe_load(Path("params.yaml").read_text())["evaluation"]["primary_attacks"]
    assert {point["attack"] for point in plot["data"]["values"]} == set(primary)
    assert {point["clips"] for point in plot["data"]["values"]} == {"whole", "population"}
