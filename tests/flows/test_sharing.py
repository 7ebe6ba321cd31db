"""Sounds are copied to a remote by one command, and by ``dvc push`` they are not."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.environment import process_environment
from flows.sharing import push_sounds, sound_outs
from stages.core.errors import EarwitnessError

GRAPH = """
stages:
  corpus:
    foreach: ${corpora}
    do:
      cmd: mkdir -p data/corpus/${key} && echo voice ${key} > data/corpus/${key}/clips && echo counts > data/${key}
      outs:
        - data/corpus/${key}/clips:
            push: false
        - data/${key}
"""


def dvc(*arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, env=process_environment(), check=True, capture_output=True, text=True).stdout


def stored(remote: Path) -> list[str]:
    return sorted(path.read_text().strip() for path in remote.rglob("*") if path.is_file())


@pytest.mark.slow
def test_sounds_are_pushed_when_asked_for(project: Path, tmp_path: Path) -> None:
    Path("dvc.yaml").write_text(GRAPH)
    remote = tmp_path.parent / "else where"
    dvc("remote", "add", "-d", "storage", "../else where")
    dvc("repro", "-q")
    dvc("push")
    assert stored(remote) == ["counts"]
    before = {path: path.read_bytes() for path in (Path("dvc.yaml"), Path("dvc.lock"), Path(".dvc/config"))}
    assert push_sounds(["one"]) == ["pushed: data/corpus/one/clips"]
    assert stored(remote) == ["counts", "voice one"]
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: corpora: 'three' is not declared"):
        push_sounds(["three"])
    with pytest.raises(EarwitnessError, match="remote 'nowhere'"):
        push_sounds(["one"], "nowhere")
    Path("data/corpus/two/clips").unlink()
    with pytest.raises(EarwitnessError, match=r"^data/corpus/two/clips: is not there: run earwitness audit"):
        push_sounds(["two"])


def test_every_output_with_sounds_stays_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert sound_outs("x")[0] == "data/corpus/x/clips.parquet"
    assert any(out.startswith("data/perturbation/x/") for out in sound_outs("x"))
