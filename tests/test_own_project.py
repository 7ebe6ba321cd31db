"""A project of one's own with two small corpora, as its owner uses it: pulled, pushed and forgotten, with real DVC."""

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import yaml

from flows.environment import process_environment
from stages.core.run.stage import stage_lock
from stages.core.store.jsonfile import read_json
from tests.params import own_params

pytestmark = pytest.mark.slow

CLIPS = 16
WORDS = "ash birch cedar dogwood elm fir ginkgo hazel ivy juniper kapok larch maple neem oak pine".split()  # noqa: SIM905
NAMES = ("Ottoline", "Percival")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = process_environment()
    environment.pop("PREFECT_API_URL", None)
    environment["PREFECT_HOME"] = str(Path(".cache/prefect").absolute())
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, env=environment)


def earwitness(*arguments: str) -> str:
    done = run("flows.command_line", *arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def dvc(*arguments: str) -> str:
    done = run("dvc", *arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def git(*arguments: str) -> str:
    author = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    return subprocess.run(["git", *author, *arguments], capture_output=True, text=True, check=True).stdout


def write_recordings(folder: Path, tag: str, seed: int) -> None:
    """Write clips of noise of two speakers, whose ids, words and speakers are found in a file if they are there."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    rows = ["clip_id,path,text,member,speaker"]
    for number, word in enumerate(WORDS[:CLIPS]):
        clip = f"{tag}-{word}"
        soundfile.write(folder / f"{clip}.wav", rng.normal(scale=0.1, size=16_000), 16_000)
        rows.append(f"{clip},{clip}.wav,{tag} says {word},{number % 4 < 2},{tag}{NAMES[number % 2]}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the corpora `kept` and `given`, after its first audit, all committed; recordings lie beside it."""
    place = tmp_path_factory.mktemp("own")
    for seed, name in enumerate(("kept", "given")):
        write_recordings(place / name, f"{name}Zq", seed)
    with contextlib.chdir(place):
        earwitness("init", "project")
    with contextlib.chdir(place / "project"):
        params = own_params({})
        params["lab_speech"]["corpora"] = {"lab_pool": params["lab_speech"]["corpora"]["lab_pool"]}
        params["perturbation"]["neighbours"] = {"gain": params["perturbation"]["neighbours"]["gain"]}
        params["blind_baseline"] |= {"bootstraps": 200, "min_matched": 4}
        Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        for name in ("kept", "given"):
            earwitness("add", "corpus", str(place / name))
        said = earwitness("audit", "kept", "given")
        assert re.search(r"^given +post_hoc +16 +2 ", said, re.MULTILINE), said
        commit()
    return place


def commit() -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "An audit")


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished project; the working directory."""
    shutil.copytree(finished, tmp_path / "own", symlinks=True)
    with contextlib.chdir(tmp_path / "own/project"):
        yield Path.cwd()


def ran() -> set[str]:
    """Return the stages that the last audit ran."""
    stages = read_json(Path(".cache/timings.json"))["stages"]
    return {name for name, stage in stages.items() if not stage["cached"]}


def test_a_clone_whose_clips_were_pulled_audits_without_the_recordings(project: Path, tmp_path: Path) -> None:
    dvc("remote", "add", "-d", "storage", str(tmp_path / "storage"))
    dvc("push")
    earwitness("push", "kept")
    commit()
    git("clone", "-q", str(project), str(tmp_path / "clone"))
    with contextlib.chdir(tmp_path / "clone"):
        dvc("pull", "corpus@kept")
        assert not Path("data/raw/kept").exists()
        said = earwitness("audit", "kept")
        assert re.search(r"^kept +post_hoc +16 +2 ", said, re.MULTILINE), said
        assert ran() == {"environment", "perturbation@kept", "features@kept", "blind_baseline@kept"}
        assert git("status", "--porcelain") == ""
        skipped = dvc("repro", "--allow-missing", "blind_baseline@kept")
        assert "Stage 'corpus@kept' didn't change, skipping" in skipped
        earwitness("audit", "kept", "--fresh")
        assert "corpus@kept" not in ran()
        refused = run("flows.command_line", "audit", "given")
        assert refused.returncode == 2
        assert refused.stderr.startswith("earwitness: data/raw/given: missing")


def holders(folder: Path, *needles: bytes) -> list[str]:
    """Return the files below a folder, outside git's own, in whose bytes or path one of the texts is."""
    found = []
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if ".git" in inside.parts or not path.is_file():
            continue
        content = path.read_bytes() + str(inside).encode()
        if content.startswith(b"PAR1"):  # compressed, so that its texts are not among its bytes
            rows = pq.read_table(path).to_pylist()
            content += repr(rows).encode() + b"".join(row["audio"] for row in rows if row.get("audio"))
        if any(needle in content for needle in needles):
            found.append(str(inside))
    return found


def sounds_of(corpus: str, speaker: str = "") -> list[bytes]:
    """Return some bytes from the middle of each clip's FLAC."""
    rows = pq.read_table(f"data/corpus/{corpus}/clips.parquet", columns=["audio", "speaker"]).to_pylist()
    return [row["audio"][4000:4100] for row in rows if speaker in row["speaker"]]


def test_of_a_forgotten_corpus_nothing_remains_and_another_stays_cached(project: Path) -> None:
    needles = [b"givenZq", *sounds_of("given")]
    assert len(holders(project, *needles)) > 5
    originals = list((project.parent / "given").iterdir())
    said = earwitness("forget", "given", "--yes")
    assert f"- {CLIPS} original recordings, which are yours to remove:" in said
    assert holders(project, *needles) == []
    assert list((project.parent / "given").iterdir()) == originals
    assert "given" not in yaml.safe_load(Path("params.yaml").read_text())["corpora"]
    assert "given" not in Path("dvc.lock").read_text()
    (record,) = Path("data/forgotten").iterdir()
    assert read_json(record)["clips"] == CLIPS
    earwitness("audit", "kept")
    assert ran() == {"environment"}


def test_a_forgotten_speaker_leaves_and_stays_away(project: Path) -> None:
    needles = [b"givenZqOttoline", b"givenZq-ash", b"givenZq says cedar", *sounds_of("given", "Ottoline")]
    refused = run("flows.command_line", "forget", "given", "--speaker", "Nobody", "--yes")
    assert refused.returncode == 2
    assert "no clip of speaker 'Nobody'" in refused.stderr
    said = earwitness("forget", "given", "--speaker", "givenZqOttoline", "--yes")
    assert f"given: {CLIPS // 2} clips of speaker givenZqOttoline" in said
    assert holders(project, *needles) == []
    earwitness("audit", "given", "kept")
    assert holders(project, *needles) == [".cache/links/given.jsonl"]  # names of recordings that still lie there
    assert read_json(Path("data/corpus/given/summary.json"))["clips"] == CLIPS // 2
    assert "corpus@kept" not in ran()


def test_nothing_is_forgotten_while_an_audit_runs(project: Path) -> None:
    with stage_lock("audit", ""):
        refused = run("flows.command_line", "forget", "given", "--yes")
    assert refused.returncode == 2
    assert refused.stderr == "earwitness: audit: a process is at it: wait until it has ended, or stop it\n"
    refused = run("flows.command_line", "forget", "given")
    assert refused.stderr == "earwitness: forget: nothing was removed: add --yes\n"
    assert Path("data/corpus/given/clips.parquet").is_file()
