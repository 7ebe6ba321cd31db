"""Small checkpoints, untrained but real, and sounds to put to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.core.sound.audio import audio_hash
from stages.lab_target.build import build_adapter
from stages.models.adapter import Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from tests.stages.models.sound_families import EVERY

MakeQuery = Callable[..., Query]


@pytest.fixture(scope="session", params=list(EVERY))
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("family") / str(request.param)
    EVERY[request.param](folder)
    return request.param, folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    build_adapter(7).save(folder)
    return folder


@pytest.fixture
def adapter() -> Qwen2AudioAdapter:
    return build_adapter(7)


@pytest.fixture(scope="session")
def make_query() -> MakeQuery:
    def make(seconds: float, text: str, instruction: str = "Transcribe the speech.", seed: int = 0) -> Query:
        samples = np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32)
        return Query(samples, audio_hash(samples), instruction, text)

    return make
