"""Files below a folder, links followed."""

from pathlib import Path

from stages.core.store.folders import Found, files_below


def test_links_are_followed_and_marked(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/b.wav").touch()
    folder = tmp_path / "folder"
    (folder / "own").mkdir(parents=True)
    (folder / "own/a.wav").touch()
    (folder / "members").symlink_to(outside)
    (folder / "file.wav").symlink_to(outside / "deep/b.wav")
    assert list(files_below(folder)) == [
        Found("file.wav", False),
        Found("members/deep/b.wav", True),
        Found("own/a.wav", False),
    ]


def test_a_folder_that_is_itself_a_link_has_files_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.wav").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list(files_below(tmp_path / "link")) == [Found("a.wav", False)]


def test_loops_and_dead_links_end(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.wav").touch()
    (folder / "sub/up").symlink_to(folder)
    (folder / "self").symlink_to(folder)
    (folder / "dead").symlink_to(tmp_path / "nowhere")
    assert list(files_below(folder)) == [Found("sub/a.wav", False)]


def test_a_missing_folder_has_none(tmp_path: Path) -> None:
    assert list(files_below(tmp_path / "none")) == []
