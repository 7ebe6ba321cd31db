"""A file appears whole or not at all, and nothing of a killed writer stays."""

from pathlib import Path

import pytest

from stages.core.store.atomic import replacing


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "table"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("old")

    def fail_halfway() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    with replacing(tmp_path / "table") as temporary:
        temporary.write_text("whole")
        left = temporary.name
    (tmp_path / left).write_text("half of a killed run")
    with replacing(tmp_path / "table") as temporary:
        assert not temporary.exists()
        temporary.write_text("again")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["again"]
