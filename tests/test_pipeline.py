"""The whole graph on a small lab, as a user runs it: in a clone of its own, by DVC and by the command.

The lab is so small that every stage does real work in a short time. Its findings after one epoch are not checked.
"""

import contextlib
import fcntl
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
import yaml

from flows.environment import process_environment
from stages.core.store.jsonfile import read_json
from tests.conftest import copy_working_tree

pytestmark = pytest.mark.slow

CLIPS = 60
ALWAYS = {"environment"}
AUDITS = ("trained", "control", "shifted", "leaky", "domain")


def change(edit: Callable[[dict[str, Any]], None]) -> None:
    path = Path("params.yaml")
    params = yaml.safe_load(path.read_text())
    edit(params)
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def cut_down(params: dict[str, Any]) -> None:
    for corpus in params["lab_speech"]["corpora"].values():
        corpus["clips"] = CLIPS
    params["lab_target"]["epochs"] = 1
    for copy in params["copies"].values():
        copy["epochs"] = 1
    params["backdoor"]["experiments"]["gender_click"]["epochs"] = 1
    params["blind_baseline"] |= {"bootstraps": 200, "min_matched": 10}
    params["fidelity_detector"]["epochs"] = 5
    params["evaluation"]["bootstraps"] = 200


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = process_environment()
    environment.pop("PREFECT_API_URL", None)
    environment["PREFECT_HOME"] = str(Path(".cache/prefect").absolute())
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, env=environment)


def repro(*goals: str) -> tuple[set[str], str]:
    """Run DVC and return which stages ran, and what they said."""
    done = run("dvc", "repro", *goals)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(re.findall(r"^Running stage '(.*)':", done.stdout, re.MULTILINE)), done.stdout


def audit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run("flows.command_line", "audit", *arguments)


def git_status() -> str:
    return subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True).stdout


def of_audits(stage: str) -> set[str]:
    return {f"{stage}@{name}" for name in AUDITS}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A clone of the working tree with a small lab, after its first `dvc repro`, all committed."""
    clone = tmp_path_factory.mktemp("pipeline") / "clone"
    copy_working_tree(repository, clone)
    with contextlib.chdir(clone):
        change(cut_down)
        ran, _ = repro()
        graph = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
        assert {name.split("@")[0] for name in ran} == set(graph) - {"target"}  # no targets are declared but the lab's
        commit()
    return clone


def commit() -> None:
    subprocess.run(["git", "add", "-A"], check=True)
    author = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    subprocess.run(["git", *author, "commit", "-q", "-m", "A finished audit"], check=True)


@pytest.fixture
def lab(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished clone; the working directory."""
    clone = tmp_path / "clone"
    shutil.copytree(finished, clone, symlinks=True)
    with contextlib.chdir(clone):
        yield clone


def test_a_second_run_skips_everything(lab: Path) -> None:
    ran, said = repro()
    assert ran == ALWAYS
    locked = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    assert said.count("didn't change, skipping") == len(locked) - len(ALWAYS)
    assert git_status() == ""


def test_compiled_code_reruns_nothing(lab: Path) -> None:
    for cache in list(lab.rglob("__pycache__")):
        shutil.rmtree(cache)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "stages", "flows"], check=True)
    assert list(Path("stages").rglob("__pycache__"))
    assert repro()[0] == ALWAYS


def test_the_command_finds_what_dvc_made_cached_and_prints_it(lab: Path) -> None:
    done = audit()
    assert done.returncode == 0, done.stderr
    stages = read_json(Path(".cache/timings.json"))["stages"]
    assert {name for name, stage in stages.items() if not stage["cached"]} == ALWAYS
    for name in AUDITS:
        finding = read_json(Path("data/evaluation", name, "verdict.json"))["finding"]
        assert re.search(rf"^{name} .*{finding}$", done.stdout, re.MULTILINE)
    assert str(lab / "data/report/report.html") in done.stdout
    assert git_status() == ""


def test_the_lab_s_speakers_are_asked_about_whatever_the_target_has_learnt(lab: Path) -> None:
    metrics = read_json(Path("data/attribute_leakage/voices/details.json"))
    assert set(metrics["attributes"]) == {"gender", "manner"}
    assert metrics["layers"] == {"clips": CLIPS, "failed": 0, "failure": None}
    for found in metrics["attributes"].values():
        assert found["probes"]["best"]["layer"] != "encoder.input"
        cells = [cell for ways in found["conditions"].values() for cell in ways.values()]
        assert {sum(cell["outcomes"].values()) for cell in cells} == {CLIPS}
        # The words are the same whoever speaks them, and silence is nobody.
        assert all(
            cell["iar"]["clustered"][0] <= cell["majority"] for cell in found["conditions"]["transcript"].values()
        )
        assert all(0.3 < row["by_chance"] < 0.7 for row in found["silence"].values() if row["label"] is not None)


@pytest.mark.parametrize(
    ("section", "key", "value", "stages"),
    [
        ("report", "title", "Another title", {"report"}),
        ("attacks", "shares", [0.1, 0.2, 0.4], of_audits("attacks") | of_audits("evaluation") | {"report"}),
        ("evaluation", "smallest_effect", 0.7, of_audits("evaluation") | {"report"}),
    ],
)
def test_one_parameter_reruns_what_uses_it(lab: Path, section: str, key: str, value: Any, stages: set[str]) -> None:
    change(lambda params: params[section].update({key: value}))
    ran, _ = repro()
    assert ran - {"report"} == (stages | ALWAYS) - {"report"}
    assert "report" in ran or section == "evaluation"  # which may find the same


def test_ten_more_clips_cost_ten_clips(lab: Path) -> None:
    change(lambda params: params["lab_speech"]["corpora"]["lab_control"].update(clips=CLIPS + 10))
    ran, said = repro("evaluation@control")
    assert {"corpus@lab_control", "features@lab_control", "logits@control"} <= ran
    assert "features@lab_trained" not in ran
    counts = re.findall(r"((?:features|perturbation|logits)/\S+): (\d+) rows computed, (\d+) reused", said)
    assert {name.split("/")[0] for name, _, _ in counts} == {"features", "perturbation", "logits"}
    of_sound = [
        (int(new), int(old)) for name, new, old in counts if name.startswith("features/") and "textual" not in name
    ]
    assert set(of_sound) == {(10, CLIPS)}
    neighbours = 1 + len(yaml.safe_load(Path("params.yaml").read_text())["perturbation"]["neighbours"])
    for name, new, old in counts:
        most = 10 * neighbours * 2 if name.startswith("logits") else 10
        assert 0 < int(new) <= most, name
        assert int(old) > int(new), name


def test_real_recordings_are_audited_as_the_docs_show(lab: Path, speech: Path) -> None:
    folder = Path("data/raw/libri")
    folder.mkdir()
    (folder / "members").symlink_to(speech / "librispeech_tc100_3spk")
    (folder / "non_members").symlink_to(speech / "librispeech_testother")
    change(
        lambda params: (
            params["corpora"].update(libri={"split": "post_hoc", "member": "folders"}),
            params["audits"].update(libri={"corpus": "libri", "target": "lab", "reference": "lab_base"}),
        )
    )
    done = audit()
    assert done.returncode == 0, done.stderr
    assert re.search(r"^libri +libri +post_hoc ", done.stdout, re.MULTILINE), done.stdout
    of_audit = Path("data/evaluation/libri")
    assert read_json(of_audit / "details.json")["clips"] == {"member": 45, "non_member": 60, "speakers": 9}
    assert read_json(of_audit / "verdict.json")["finding"] not in ("memorised", "suspected")
    clips = pq.read_table("data/corpus/libri/clips.parquet", columns=["seconds"]).column("seconds").to_numpy()
    cut = int((clips > 4.0).sum())
    assert cut > 0
    assert f"{cut} of 105 clips are longer than the 4 s" in Path("data/report/report.html").read_text()


@pytest.fixture
def brought(lab: Path) -> Path:
    """A corpus of somebody's own, declared and committed: some of the lab's recordings under other names."""
    folder = Path("data/raw/mine")
    shutil.copytree("data/raw/lab_control", folder)
    text = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text(text.replace("\nlab_control_", "\nmine-"))
    change(lambda params: params["corpora"].update(mine={"split": "post_hoc", "member": "column"}))
    commit()
    return folder


def no_manifest(folder: Path) -> None:
    (folder / "manifest.csv").unlink()


def no_text(folder: Path) -> None:
    text = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text(text.replace("clip_id,path,text,", "clip_id,path,words,", 1))


def no_audio(folder: Path) -> None:
    next((folder / "audio").iterdir()).write_text("these are words")


def no_target(folder: Path) -> None:
    change(lambda params: params["audits"].update(mine={"corpus": "mine", "target": "nobody", "reference": "none"}))


def no_yaml(folder: Path) -> None:
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("audits:", "audits: {", 1))


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (no_manifest, "data/raw/mine/manifest.csv"),
        (no_text, "text"),
        (no_audio, "quarantine"),
        (no_target, "audits.mine.target"),
        (no_yaml, "params.yaml, line"),
    ],
)
def test_bad_input_is_one_line_and_touches_nothing(brought: Path, spoil: Callable[[Path], None], named: str) -> None:
    spoil(brought)
    before = git_status()
    done = audit()
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("earwitness: ")
    assert named in line
    assert git_status() == before


@pytest.mark.parametrize("alone", [False, True], ids=["with the stage", "DVC alone"])
@pytest.mark.parametrize(
    ("stage", "work", "unfinished"),
    [
        ("logits@control", ".cache/rows/logits", "data/logits/control/.*.parquet.*"),
        ("finetune@lab", ".cache/checkpoints", "data/finetune/lab/.*"),
    ],
)
def test_a_killed_stage_goes_on_and_finds_the_same(
    lab: Path, stage: str, work: str, unfinished: str, alone: bool
) -> None:
    before = {name: read_json(Path("data/evaluation", name, "verdict.json")) for name in AUDITS}
    shutil.rmtree(work)
    forget(stage)
    name, _ = stage.split("@")
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", stage]
    with subprocess.Popen(command, env=process_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as dvc:
        worker = wait_for(lambda: child_of(dvc.pid, f"stages.{name}"))
        wait_for(lambda: worker if is_at_work(stage) else None)
        time.sleep(0.5)
        dvc.send_signal(signal.SIGKILL)
        if alone:
            worker.suspend()  # so that it is still at work, however small the lab, when its stage's turn comes
        else:
            worker.kill()
        assert dvc.wait() == -signal.SIGKILL
    log = Path(".cache/log", f"{stage}.log")
    with ThreadPoolExecutor(1) as beside:
        auditing = beside.submit(audit)
        if alone:
            try:
                wait_for(
                    lambda: worker if log.is_file() and "another process is at it; waiting" in log.read_text() else None
                )
            finally:
                worker.resume()
        done = auditing.result()
    assert not worker.is_running()
    assert done.returncode == 0, done.stderr
    after = {name: read_json(Path("data/evaluation", name, "verdict.json")) for name in AUDITS}
    assert {name: found["finding"] for name, found in after.items()} == {
        name: found["finding"] for name, found in before.items()
    }
    assert not list(Path().glob(unfinished))


def forget(stage: str) -> None:
    """Take from DVC's cache what a stage made; else DVC takes it from there, and nobody works."""
    for out in yaml.safe_load(Path("dvc.lock").read_text())["stages"][stage]["outs"]:
        Path(".dvc/cache/files/md5", out["md5"][:2], out["md5"][2:]).unlink(missing_ok=True)


def is_at_work(stage: str) -> bool:
    """Return whether a process holds the lock of a stage, which it takes after its imports."""
    with Path(".cache/locks", stage).open("r") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def child_of(parent: int, module: str) -> psutil.Process | None:
    """Return the process below `parent` that runs a module, once there is one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(parent).children(recursive=True):
            if process.cmdline()[1:3] == ["-m", module]:
                return process
    return None


def wait_for(look: Callable[[], psutil.Process | None]) -> psutil.Process:
    deadline = time.monotonic() + 120
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
