"""What lies behind links to folders becomes visible; what has not changed is not read again."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stages.core.store.jsonfile import write_json
from stages.environment.__main__ import main
from stages.environment.links import digest_files, listing


def listed(name: str) -> Any:
    return json.loads(Path("data/environment/corpora", f"{name}.json").read_text())["linked"]


def test_every_corpus_has_a_list_and_linked_files_are_in_it(workplace: Path, make_params: Any) -> None:
    outside = workplace / "outside"
    (outside / "audio").mkdir(parents=True)
    (outside / "audio/a.wav").write_text("one")
    folder = workplace / "data/raw/linked"
    folder.mkdir(parents=True)
    (folder / "own.wav").touch()
    (folder / "members").symlink_to(outside)
    (folder / "members_again").symlink_to(folder)  # a loop
    params = make_params({"linked": "folders", "absent": "column"})
    main("", params)
    assert listed("absent") == []
    assert [(entry["path"], entry["size"]) for entry in listed("linked")] == [("members/audio/a.wav", 3)]
    before = listed("linked")
    (outside / "audio/a.wav").write_text("two")
    main("", params)
    assert [entry["hash"] for entry in listed("linked")] != [entry["hash"] for entry in before]
    (outside / "audio/a.wav").write_text("one")
    main("", params)
    assert listed("linked") == before


def test_only_what_changed_is_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    known = digest_files(tmp_path, ["a", "b"], {})
    known["a"]["hash"] = known["b"]["hash"] = "as remembered"
    (tmp_path / "b").write_text("longer")
    again = digest_files(tmp_path, ["a", "b", "gone"], known)
    assert again["a"]["hash"] == "as remembered"
    assert len(again["b"]["hash"]) == 32
    assert [entry["path"] for entry in listing(again)] == ["a", "b"]


def test_an_edit_that_keeps_the_size_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    known = digest_files(tmp_path, ["a"], {})
    (tmp_path / "a").write_text("two")
    os.utime(tmp_path / "a", ns=(0, known["a"]["changed"] + 1))
    assert digest_files(tmp_path, ["a"], known)["a"]["hash"] != known["a"]["hash"]


def test_a_broken_memory_costs_only_time(workplace: Path, make_params: Any) -> None:
    (workplace / "outside").mkdir()
    (workplace / "outside/a.wav").write_text("one")
    (workplace / "data/raw/linked").mkdir(parents=True)
    (workplace / "data/raw/linked/members").symlink_to(workplace / "outside")
    params = make_params({"linked": "folders"})
    main("", params)
    before = listed("linked")
    for broken in ("{", "[1]", '{"members/a.wav": {"size": 3}}', '{"members/a.wav": 5}'):
        Path(".cache/links/linked.json").write_text(broken)
        main("", params)
        assert listed("linked") == before


def test_nothing_heavy_is_imported(repository: Path) -> None:
    code = "import stages.environment.__main__, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository)
    assert not {"pyarrow", "numpy", "scipy", "torch", "joblib"} & set(loaded.stdout.split())


def test_a_clone_without_the_recordings_keeps_what_was_known_of_them(workplace: Path, make_params: Any) -> None:
    known = {"settings": {"member": "other"}, "linked": {"files": 3}}
    write_json(Path("data/corpus/pulled/recordings.json"), known)
    params = make_params({"pulled": "column"})
    main("", params)
    assert listed("pulled") == {"files": 3}
    written = json.loads(Path("data/environment/corpora/pulled.json").read_text())
    assert written["settings"]["member"] == "column"  # as this clone declares it
    Path("data/raw/pulled").mkdir(parents=True)
    main("", params)
    assert listed("pulled") != {"files": 3}
