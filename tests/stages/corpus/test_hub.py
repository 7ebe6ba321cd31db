"""Data sets of the Hub: pinned, fetched once and by part, or refused with a reason. The Hub is a server here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.corpus.hub import RECORD, fetch
from tests.stages.corpus.hubserver import hub

COMMIT, NEWER = "a" * 40, "b" * 40
FILES = {
    ".gitattributes": b"",
    "README.md": b"about",
    "data/train-00000-of-00002.parquet": b"1" * 100,
    "data/train-00001-of-00002.parquet": b"2" * 100,
    "data/test-00000-of-00001.parquet": b"3" * 100,
}
REPOSITORIES = {
    f"org/speech@{COMMIT}": FILES,
    f"org/speech@{NEWER}": FILES,
    f"org/script@{COMMIT}": {"script.py": b"import os", "clips.zip": b"", "README.md": b""},
    f"org/folder@{COMMIT}": {"a [1].wav": b"sound", "metadata.csv": b"file_name,text\n", ".gitattributes": b""},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with hub(REPOSITORIES) as (address, paths):
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield paths


def corpus(dataset: str = "org/speech", revision: str = COMMIT, part: str = "train") -> Corpus:
    return Corpus(split="matched", member="none", dataset=dataset, revision=revision, part=part)


def test_a_part_is_fetched_once(asked: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    fetch(folder, corpus(), "corpora.mine")
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert there == {RECORD, "data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"}
    assert (folder / "data/train-00001-of-00002.parquet").read_bytes() == b"2" * 100
    asked.clear()
    fetch(folder, corpus(), "corpora.mine")
    assert asked == []
    (folder / "data/train-00001-of-00002.parquet").write_bytes(b"cut")
    fetch(folder, corpus(), "corpora.mine")
    assert (folder / "data/train-00001-of-00002.parquet").read_bytes() == b"2" * 100


def test_another_part_is_added(asked: list[str], tmp_path: Path) -> None:
    fetch(tmp_path / "mine", corpus(), "corpora.mine")
    fetch(tmp_path / "mine", corpus(part="test"), "corpora.mine")
    assert len(list((tmp_path / "mine/data").iterdir())) == 3
    asked.clear()
    fetch(tmp_path / "mine", corpus(part="train"), "corpora.mine")
    assert asked == []


def test_other_files_are_all_fetched(asked: list[str], tmp_path: Path) -> None:
    fetch(tmp_path / "mine", corpus("org/folder", part="none"), "corpora.mine")
    assert (tmp_path / "mine/a [1].wav").read_bytes() == b"sound"
    assert (tmp_path / "mine/metadata.csv").is_file()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (corpus(part="none"), r"has the parts test, train: name one as the corpus's key 'part'"),
        (corpus(part="dev"), r"has no part 'dev' \(there is test, train\)"),
        (corpus(revision="main"), r"corpora.mine.revision: 'main' is not a commit"),
        (corpus(revision="none"), r"corpora.mine.revision: 'none' is not a commit"),
        (corpus("org/script"), r"org/script has no Parquet files: it is loaded by script.py, .* refs/convert/parquet"),
        (corpus("org/nothing"), r"corpora.mine.dataset: the Hub does not give it \(.*\): correct it"),
        (corpus("no/such/name"), r"corpora.mine.dataset: the Hub does not give it \(.*no/such/name.*\): correct it"),
    ],
)
def test_what_is_refused(asked: list[str], tmp_path: Path, wanted: Corpus, message: str) -> None:
    with pytest.raises(EarwitnessError, match=message) as caught:
        fetch(tmp_path / "mine", wanted, "corpora.mine")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mine" / RECORD).exists()


def test_a_folder_that_holds_something_else(asked: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    fetch(folder, corpus(), "corpora.mine")
    with pytest.raises(EarwitnessError, match=f"holds org/speech at {COMMIT}: remove the folder to fetch"):
        fetch(folder, corpus(revision=NEWER), "corpora.mine")
    (folder / RECORD).unlink()
    with pytest.raises(EarwitnessError, match=r"holds files that do not come from corpora\.mine\.dataset"):
        fetch(folder, corpus(), "corpora.mine")


def test_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EarwitnessError, match=r"the Hub does not give it \(.*offline"):
        fetch(tmp_path / "mine", corpus(), "corpora.mine")
