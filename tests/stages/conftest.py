"""A workplace for stages: a temporary folder, params with corpora of one's own, sounds that need no file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stages.core.sound.audio import RATE, Samples
from tests.params import Whole, own_params

MakeParams = Callable[..., Whole]
Bring = Callable[..., Path]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def make_params() -> MakeParams:
    """Params of the repository, for one worker, with other corpora and with changes to some sections."""

    def make(corpora: dict[str, str], **changes: dict[str, Any]) -> Whole:
        return Whole.model_validate(own_params(corpora, **({"compute": {"workers": 1}} | changes)))

    return make


@pytest.fixture
def bring(workplace: Path) -> Bring:
    """Write ``data/raw/<name>/`` with a manifest: clips from `start` on, a second long, alternately members."""

    def write(name: str, clips: int, start: int = 0, **columns: str) -> Path:
        folder = workplace / "data/raw" / name
        (folder / "audio").mkdir(parents=True, exist_ok=True)
        lines = [",".join(["clip_id", "path", "text", "member", "speaker", *columns])]
        for index in range(start, start + clips):
            soundfile.write(folder / f"audio/{index}.wav", voice(index), RATE)
            cells = [f"{name}_{index:03d}", f"audio/{index}.wav", f"Tom saw {index} old ships.", str(index % 2)]
            lines.append(",".join([*cells, f"s{index % 3}", *columns.values()]))
        (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
        return folder

    return write


def voice(index: int, seconds: float = 1.0) -> Samples:
    """Return a buzz with formant-like bands, syllables and noise, different for every index."""
    rng = np.random.default_rng(index)
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = 100 + 10 * (index % 12) + 5 * np.sin(2 * np.pi * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 3 * time), 0, None)
    return (0.2 * buzz * syllables + 0.002 * rng.standard_normal(len(time))).astype(np.float32)
