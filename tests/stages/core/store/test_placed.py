"""A file that a list names as it lay elsewhere is found by the end of its path."""

from pathlib import Path

import pytest

from stages.core.store.placed import find_placed


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("1.wav", "lists/1.wav"),
        ("dev/1.wav", "dev/1.wav"),
        ("./dev//1.wav", "dev/1.wav"),
        ("/home/ann/corpus/dev/1.wav", "dev/1.wav"),
        ("C:\\corpus\\dev\\2.wav", "dev/2.wav"),
        ("/home/ann/3.wav", None),
        ("../lists/1.wav", None),
        ("", None),
        ("a\0b", None),
    ],
)
def test_found(tmp_path: Path, name: str, path: str | None) -> None:
    for one in ("dev/1.wav", "dev/2.wav", "lists/1.wav"):
        (tmp_path / one).parent.mkdir(exist_ok=True)
        (tmp_path / one).touch()
    found = find_placed(tmp_path, "lists", name)
    assert found == path
