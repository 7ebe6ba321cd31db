"""A file appears whole or not at all, and nothing of a killed writer stays."""

from pathlib import Path

import pytest

from stages.core.store.atomic import folder_beside, put, replacing


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


def test_a_folder_and_a_file_take_each_others_place(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("old")
    with folder_beside(path) as made:
        (made / "a").write_text("new")
        put(made, path)
    assert (path / "a").read_text() == "new"
    with folder_beside(path) as made:
        (made / "b").write_text("newer")
        put(made, path)
    assert [part.name for part in path.iterdir()] == ["b"]
    with replacing(path) as temporary:
        temporary.write_text("a file again")
    assert path.read_text() == "a file again"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("old")

    def fail_halfway() -> None:
        with folder_beside(path) as made:
            (made / "a").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_killed_between_two_renames_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".table.replaced").mkdir()
    (tmp_path / ".table.replaced" / "a").write_text("old")
    with replacing(tmp_path / "table") as temporary:
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["table"]
