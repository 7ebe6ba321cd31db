"""What all tests share: the repository's root, and real recordings where there are any."""

import os
from pathlib import Path

import pytest

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
