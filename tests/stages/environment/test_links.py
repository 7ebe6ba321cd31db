"""What lies behind links to folders becomes visible; what has not changed is not read again."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stages.core.store.folders import files_below
from stages.core.store.jsonfile import write_json
from stages.environment.__main__ import main
from stages.environment.links import LinkedFiles, linked_files


def listed(name: str) -> Any:
    return json.loads(Path("data/environment/corpora", f"{name}.json").read_text())["linked"]


def test_every_corpus_has_a_file_and_linked_files_are_seen_in_it(workplace: Path, make_params: Any) -> None:
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
    assert listed("absent")["files"] == 0
    assert (listed("linked")["files"], listed("linked")["bytes"]) == (1, 3)
    before = listed("linked")
    (outside / "audio/a.wav").write_text("two")
    main("", params)
    assert listed("linked")["hash"] != before["hash"]
    (outside / "audio/a.wav").write_text("one")
    main("", params)
    assert listed("linked") == before


def described(folder: Path) -> LinkedFiles:
    return linked_files(folder, (found.path for found in files_below(folder)), folder.parent / "memory")


def test_only_what_changed_is_read(tmp_path: Path) -> None:
    folder, memory = tmp_path / "raw", tmp_path / "memory"
    (folder / "b").mkdir(parents=True)
    for name in ("a", "b/c", "b.wav", "d"):
        (folder / name).write_text(name)
    first = described(folder)
    assert first["files"] == 4
    assert described(folder) == first
    lines = [json.loads(line) for line in memory.read_text().splitlines()]
    assert [line[0] for line in lines] == ["a", "b/c", "b.wav", "d"]
    memory.write_text("".join(json.dumps([*line[:4], "as remembered"]) + "\n" for line in lines))
    (folder / "b.wav").write_text("longer")
    (folder / "b/c").unlink()
    (folder / "b/new").write_text("new")
    assert described(folder) != first
    kept = {line[0]: line[4] for line in map(json.loads, memory.read_text().splitlines())}
    assert kept.keys() == {"a", "b/new", "b.wav", "d"}
    assert [name for name, found in kept.items() if found == "as remembered"] == ["a", "d"]


def test_an_edit_that_keeps_the_size_is_seen(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    file = tmp_path / "raw/a"
    file.write_text("one")
    first = described(tmp_path / "raw")
    before = file.stat().st_mtime_ns
    file.write_text("two")
    os.utime(file, ns=(0, before + 1))
    assert described(tmp_path / "raw")["hash"] != first["hash"]


def test_a_name_that_is_not_utf8_is_a_name_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with open(os.fsencode(tmp_path / "raw") + b"/caf\xe9.wav", "w") as file:
        file.write("sound")
    first = described(tmp_path / "raw")
    assert first["files"] == 1
    assert described(tmp_path / "raw") == first
    assert "caf\\udce9.wav" in (tmp_path / "memory").read_text()


def test_a_broken_memory_costs_only_time(workplace: Path, make_params: Any) -> None:
    (workplace / "outside").mkdir()
    (workplace / "outside/a.wav").write_text("one")
    (workplace / "data/raw/linked").mkdir(parents=True)
    (workplace / "data/raw/linked/members").symlink_to(workplace / "outside")
    params = make_params({"linked": "folders"})
    main("", params)
    before = listed("linked")
    for broken in ("{", "[1]", '["members/a.wav", 3]', '["members/a.wav", 3, 5, "x", 7]', "\0", "[5, 1, 1, 1, 1]"):
        Path(".cache/links/linked.jsonl").write_text(broken)
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
