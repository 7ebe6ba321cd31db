"""``earwitness add corpus``: a folder is looked at, linked and declared, as a whole or not at all."""

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from flows.adding import CorpusRequest, add_corpus
from flows.command_line import main
from flows.preflight import preflight
from stages.core.errors import EarwitnessError
from stages.corpus.survey import MOST_HEADERS, sample
from tests.params import load_whole

SECONDS = 0.5


def write_recordings(folder: Path, *, clips: int = 6, member: bool = False, ids: str = "") -> Path:
    """Write a manifest with two speakers, of whom the last clip's is unknown, and with one blank transcript."""
    folder.mkdir(parents=True)
    columns = ["clip_id", "path", "text", "speaker", *(["member"] if member else [])]
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, columns)
        rows.writeheader()
        for number in range(clips):
            clip = f"{ids}clip{number}"
            soundfile.write(folder / f"{clip}.wav", np.full(int(SECONDS * 16_000), 0.1), 16_000)
            speaker = "" if number == clips - 1 else f"speaker{number % 2}"
            row = {"clip_id": clip, "path": f"{clip}.wav", "text": "a word" if number else "", "speaker": speaker}
            rows.writerow(row | ({"member": number % 2} if member else {}))
    return folder


@pytest.fixture
def own(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the shipped params; the working directory. Recordings lie outside of it."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(repository / "params.yaml", folder)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    monkeypatch.chdir(folder)
    return folder


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}


def test_a_folder_is_linked_declared_and_described(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings = write_recordings(tmp_path / "My recordings")
    comments = [line for line in Path("params.yaml").read_text().splitlines() if "#" in line]
    main(["add", "corpus", str(recordings)])
    shown = capsys.readouterr().out
    assert "recognised: manifest (manifest.csv)" in shown
    assert "clips: 6; speakers: 2; clips of unknown speakers: 1; hours: 0.00083; blank transcripts: 1" in shown
    assert "Next: earwitness audit my_recordings" in shown
    assert Path("data/raw/my_recordings/recordings").resolve() == recordings
    corpus = load_whole().corpora["my_recordings"]
    assert (corpus.member, corpus.split) == ("random_half", "randomised")
    assert "my_recordings" not in load_whole().audits
    assert [line for line in Path("params.yaml").read_text().splitlines() if "#" in line] == comments
    assert "my_recordings" in preflight(["my_recordings"]).corpora  # the clips are found through the link


def test_the_same_again_changes_nothing(own: Path, tmp_path: Path) -> None:
    recordings = str(write_recordings(tmp_path / "mine"))
    assert add_corpus(CorpusRequest(recordings)).keys == ["corpora.mine"]
    before = state(own)
    assert add_corpus(CorpusRequest(recordings)).keys == []
    assert state(own) == before


def test_what_is_only_looked_at_leaves_nothing(own: Path, tmp_path: Path) -> None:
    before = state(own)
    added = add_corpus(CorpusRequest(str(write_recordings(tmp_path / "mine"))), write=False)
    assert added.found.clips == 6
    assert state(own) == before
    assert not Path("data/raw/mine").exists()


def test_a_column_member_is_found_and_the_only_target_is_audited(own: Path, tmp_path: Path) -> None:
    text = (
        Path("params.yaml")
        .read_text()
        .replace("targets: {}", "targets:\n  own:\n    model: models/own\n    revision: none\n    dtype: float32\n ", 1)
    )
    Path("params.yaml").write_text(text)
    add_corpus(CorpusRequest(str(write_recordings(tmp_path / "mine", member=True))))
    params = load_whole()
    assert (params.corpora["mine"].member, params.corpora["mine"].split) == ("column", "post_hoc")
    assert params.audits["mine"].model_dump() == {"corpus": "mine", "target": "own", "reference": "none"}


def test_two_folders_are_the_two_sides(own: Path, tmp_path: Path) -> None:
    inside = write_recordings(tmp_path / "train")
    outside = write_recordings(tmp_path / "test", clips=4)
    request = CorpusRequest(
        members=str(inside), non_members=str(outside), name="libri", target="lab", reference="lab_base"
    )
    added = add_corpus(request)
    assert added.corpus == {"split": "post_hoc", "member": "folders"}
    assert added.found.clips == 10
    assert Path("data/raw/libri/non_members").resolve() == outside
    assert load_whole().audits["libri"].target == "lab"


def test_a_folder_that_has_both_sides_is_recognised(own: Path, tmp_path: Path) -> None:
    write_recordings(tmp_path / "both/members")
    write_recordings(tmp_path / "both/non_members", ids="other_")
    assert add_corpus(CorpusRequest(str(tmp_path / "both"))).corpus["member"] == "folders"
    assert Path("data/raw/both/recordings").is_symlink()  # the folder above, so that a list in it is seen


@pytest.mark.parametrize(
    "asked",
    [CorpusRequest("{both}"), CorpusRequest(members="{both}/members", non_members="{both}/non_members", name="two")],
)
def test_a_list_above_the_sides_is_named_however_they_are_linked(
    own: Path, tmp_path: Path, asked: CorpusRequest
) -> None:
    for side in ("members", "non_members"):
        (write_recordings(tmp_path / f"both/{side}", ids=side) / "manifest.csv").unlink()
    rows = [f"{side}/{side}clip0.wav,some words\n" for side in ("members", "non_members")]
    (tmp_path / "both/metadata.csv").write_text("file_name,text\n" + "".join(rows))
    fields = {key: value.format(both=tmp_path / "both") for key, value in vars(asked).items() if isinstance(value, str)}
    with pytest.raises(EarwitnessError, match=r"metadata\.csv: looks like a list of the recordings"):
        add_corpus(CorpusRequest(**vars(asked) | fields))


def test_a_folder_that_lies_in_place_is_declared_without_a_link(own: Path) -> None:
    write_recordings(Path("data/raw/here"))
    added = add_corpus(CorpusRequest("data/raw/here"))
    assert (added.keys, added.links) == (["corpora.here"], {})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (CorpusRequest("{mine}", name="lab_trained"), r"lab_trained: is declared already with other settings"),
        (CorpusRequest("{mine}", name="a/b"), r"'a/b' cannot be a name"),
        (CorpusRequest("{mine}", settings={"source": "nothing"}), r"source"),
        (CorpusRequest("{mine}", target="nobody"), r"--target: unknown name 'nobody'"),
        (CorpusRequest("{mine}", reference="lab"), r"--reference belongs to an audit"),
        (CorpusRequest("{mine}", members="x"), r"belong together"),
        (CorpusRequest("{mine}/gone"), r"gone: no such folder"),
        (CorpusRequest("{mine}/manifest.csv"), r"is a file: name the folder"),
        (CorpusRequest("owner/data"), r"owner/data: no such folder; a data set of the Hub needs --revision"),
        (CorpusRequest(members="{mine}", non_members="{mine}"), r"--name"),
        (CorpusRequest(), r"name one folder"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    own: Path, tmp_path: Path, asked: CorpusRequest, message: str
) -> None:
    mine = str(write_recordings(tmp_path / "mine"))
    before = state(own)
    fields = {key: value.format(mine=mine) for key, value in vars(asked).items() if isinstance(value, str)}
    with pytest.raises(EarwitnessError, match=message):
        add_corpus(CorpusRequest(**vars(asked) | fields))
    assert state(own) == before
    assert not Path("data/raw").exists() or not any(Path("data/raw").iterdir())


def test_a_name_that_other_recordings_have_is_refused(own: Path, tmp_path: Path) -> None:
    add_corpus(CorpusRequest(str(write_recordings(tmp_path / "mine"))))
    other = str(write_recordings(tmp_path / "other/mine", clips=4))
    before = state(own)
    with pytest.raises(EarwitnessError, match=r"^data/raw/mine/recordings: is there already and leads elsewhere"):
        add_corpus(CorpusRequest(other))
    assert state(own) == before


def test_recordings_that_cannot_be_opened_are_counted(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings = write_recordings(tmp_path / "mine")
    (recordings / "clip3.wav").write_text("these are words")
    main(["add", "corpus", str(recordings), "--dry-run"])
    assert "cannot be read: 1 times" in capsys.readouterr().out


def test_an_error_names_the_folder_of_the_user_and_the_option(own: Path, tmp_path: Path) -> None:
    folder = write_recordings(tmp_path / "mine")
    (folder / "manifest.csv").rename(folder / "one.csv")
    shutil.copy(folder / "one.csv", folder / "two.csv")
    with pytest.raises(EarwitnessError) as error:
        add_corpus(CorpusRequest(str(folder)))
    assert str(error.value).startswith(f"{folder}: one.csv and two.csv are both lists")
    assert str(error.value).endswith("(option of this command: --part)")
    assert add_corpus(CorpusRequest(str(folder), settings={"part": "two"})).found.clips == 6


def test_a_list_of_recordings_that_are_not_there_is_not_added(own: Path, tmp_path: Path) -> None:
    folder = write_recordings(tmp_path / "mine")
    (folder / "clip3.wav").rename(folder / "CLIP3.WAV")
    before = state(own)
    with pytest.raises(EarwitnessError, match=rf"row 5: column 'path': {folder}/clip3\.wav is not a file"):
        add_corpus(CorpusRequest(str(folder)))
    assert state(own) == before


def test_a_header_without_a_length_adds_no_hours(own: Path, tmp_path: Path) -> None:
    folder = write_recordings(tmp_path / "mine", clips=2)
    flac = folder / "clip1.flac"
    soundfile.write(flac, np.full(8000, 0.1), 16_000)
    content = bytearray(flac.read_bytes())
    content[21] &= 0xF0  # the number of samples are the last 36 bits before the sum
    content[22:26] = bytes(4)
    (folder / "clip1.wav").write_bytes(content)
    flac.unlink()
    found = add_corpus(CorpusRequest(str(folder)), write=False).found
    assert found.hours == pytest.approx(2 * SECONDS / 3600)
    assert "recordings whose header states no length: 1" in found.notes


def test_reasons_are_true_and_a_length_that_no_header_states_is_no_hour(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings = tmp_path / "mine"
    recordings.mkdir()
    for name in ("a", "b", "streamed"):
        soundfile.write(recordings / f"{name}.flac", np.full(16_000, 0.1), 16_000)
    header = bytearray((recordings / "streamed.flac").read_bytes())
    header[21:26] = bytes([header[21] & 0xF0, 0, 0, 0, 0])  # no number of samples, as a stream has it
    (recordings / "streamed.flac").write_bytes(header)
    (recordings / "page.mp3").write_text("<!DOCTYPE html><title>404</title>")
    soundfile.write(recordings / "cut.caf", np.full(16_000, 0.1), 16_000)
    (recordings / "cut.caf").write_bytes((recordings / "cut.caf").read_bytes()[:20_000])
    main(["add", "corpus", str(recordings), "--member", "none"])
    shown = capsys.readouterr().out
    assert "hours: 0.00069;" in shown  # of five, two that cannot be read count as nothing
    assert "1 times not audio that can be decoded (recordings/page.mp3)" in shown
    assert "1 times ends before its header says (recordings/cut.caf)" in shown
    assert "earwitness audit" not in shown  # nothing to find without membership and without a target
    with pytest.raises(
        EarwitnessError, match=r"^data/raw/mine/recordings/cut\.caf: ends before .*, and 1 more: replace"
    ):
        preflight(["mine"])


def test_of_many_recordings_a_sample_is_opened(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.corpus.survey.MOST_HEADERS", 3)
    found = add_corpus(CorpusRequest(str(write_recordings(tmp_path / "mine"))), write=False).found
    assert (found.sampled, found.clips) == (3, 6)
    assert found.hours == pytest.approx(6 * SECONDS / 3600)
    assert len(sample(list(range(7)))) == 3  # type: ignore[arg-type]
    assert MOST_HEADERS >= 1000


def test_columns_become_a_key(own: Path, tmp_path: Path) -> None:
    folder = write_recordings(tmp_path / "mine")
    manifest = folder / "manifest.csv"
    header, *rows = manifest.read_text().splitlines()
    manifest.write_text("\n".join([f'{header},"recorded, where?"', *(f"{row},outside" for row in rows)]) + "\n")
    main(["add", "corpus", str(folder), "--column", "session=recorded, where?"])
    assert yaml.safe_load(Path("params.yaml").read_text())["corpora"]["mine"]["columns"] == {
        "session": "recorded, where?"
    }
    assert load_whole().corpora["mine"].columns == {"session": "recorded, where?"}
