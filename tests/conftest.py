"""Fixtures of all tests: the repository's root, and real recordings if there are any."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch are imported: a worker has one core

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def speech() -> Path:
    """Folders of real recordings, each with a manifest; the tests that need them are skipped where there are none."""
    folder = Path(os.environ.get("EARWITNESS_SPEECH", ROOT.parent / "shared" / "speech")).absolute()
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}: set EARWITNESS_SPEECH to a folder of corpora with manifests")
    return folder


@pytest.fixture(scope="session")
def released_whisper() -> Path:
    """The released Whisper tiny.en; the tests that need it are skipped where it is missing."""
    folder = Path(os.environ.get("EARWITNESS_MODELS", ROOT.parent / "shared" / "models")).absolute() / "whisper-tiny.en"
    if not folder.is_dir():
        pytest.skip(f"no released Whisper in {folder}: set EARWITNESS_MODELS to a folder that holds whisper-tiny.en")
    return folder


def copy_working_tree(repository: Path, clone: Path) -> None:
    """Make a git repository of the files that git knows here, as they are, without what DVC has made of them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (repository / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, clone / name)
    (clone / "dvc.lock").unlink(missing_ok=True)
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
