"""Clips of real recordings, from which tests build the layouts in which people have them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.core.store.csvfile import read_csv
from stages.corpus.entries import Entry
from stages.corpus.listing import Listing, read_listing

Clips = list[dict[str, str]]
ReadCorpus = Callable[..., Listing]


@pytest.fixture(scope="session")
def clips(speech: Path) -> Clips:
    """The 60 clips of a manifest, each with its file as `source`."""
    folder = speech / "librispeech_testother"
    found = read_csv(folder / "manifest.csv")
    assert len(found) == 60
    return [clip | {"source": str(folder / clip["path"])} for clip in found]


@pytest.fixture
def read_corpus(workplace: Path, make_params: Any) -> ReadCorpus:
    """Read ``data/raw/mine``; keys of the corpus can be given."""

    def read(**keys: Any) -> Listing:
        params = make_params({"mine": keys.pop("member", "random_half")})
        params.corpora["mine"] = params.corpora["mine"].model_copy(update=keys)
        return read_listing("mine", params)

    return read


def seen(entries: list[Entry], folder: Path) -> set[tuple[bytes, str, str | None]]:
    """Return sound, transcript and speaker of each clip."""
    return {((folder / entry.path).read_bytes(), entry.text, entry.speaker) for entry in entries}


def told(clips: Clips) -> set[tuple[bytes, str, str | None]]:
    """Return the same of the manifest."""
    return {(Path(clip["source"]).read_bytes(), clip["text"], clip["speaker"]) for clip in clips}
