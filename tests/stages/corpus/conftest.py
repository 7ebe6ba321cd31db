"""A corpus's folder with lists and sounds that a test writes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.corpus.listing import Listing, read_listing

SOUNDS = {f"{name}.wav": "" for name in "abcd"}
Content = str | bytes | Callable[[Path], object]


@pytest.fixture
def listing(workplace: Path, make_params: Any) -> Callable[..., Listing]:
    """Write files below ``data/raw/mine`` and list them; keys of the corpus can be given."""

    def read(files: dict[Any, Content], **keys: Any) -> Listing:
        folder = workplace / "data/raw/mine"
        for name, content in files.items():
            path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name)) if isinstance(name, bytes) else folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        params = make_params({"mine": keys.pop("member", "random_half")})
        params.corpora["mine"] = params.corpora["mine"].model_copy(update=keys)
        return read_listing("mine", params)

    return read
