"""The bytes of a recording: a file, a member of an archive, a cell; and a true reason where there are none."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from stages.core.sound.recordings import NoContent, Recording, content


def test_a_file_is_its_path_and_a_member_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "a.wav", "deep/a.wav")
    with tarfile.open(tmp_path / "a.tar") as tar:
        member = tar.getmember("deep/a.wav")
    assert content(tmp_path, Recording("a.wav")) == tmp_path / "a.wav"
    assert content(tmp_path, Recording("a.tar", offset=member.offset_data, size=member.size)) == b"sound"


def test_files_without_the_sound(tmp_path: Path) -> None:
    (tmp_path / "short.tar").write_bytes(bytes(600))
    (tmp_path / "pointer.tar").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(NoContent, match=r"short.tar, 200 bytes from byte 512: cut short: .* after 88 of 200 bytes"):
        content(tmp_path, Recording("short.tar", offset=512, size=200))
    with pytest.raises(NoContent, match="a pointer of Git LFS") as caught:
        content(tmp_path, Recording("pointer.tar", offset=512, size=200))
    assert caught.value.reason.startswith("a pointer of Git LFS")
    with pytest.raises(NoContent, match=r"none.wav: missing"):
        content(tmp_path, Recording("none.wav"))


AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CELLS: list[tuple[dict[str, Any] | None, bytes | str]] = [
    ({"bytes": b"one", "path": "1.wav"}, b"one"),
    ({"bytes": None, "path": "beside.wav"}, "part/beside.wav"),
    ({"bytes": None, "path": "audio/below.wav"}, "audio/below.wav"),
    ({"bytes": b"", "path": None}, "the cell holds neither bytes nor a path"),
    ({"bytes": None, "path": "/somewhere/audio/below.wav"}, "audio/below.wav"),
    ({"bytes": None, "path": "/somewhere/1.wav"}, "the corpus's folder has no file '/somewhere/1.wav'"),
    ({"bytes": None, "path": "../../outside.wav"}, "the corpus's folder has no file '../../outside.wav'"),
    (None, "the cell holds neither bytes nor a path"),
]


@pytest.mark.parametrize("row", range(len(CELLS)))
def test_a_cell(tmp_path: Path, row: int) -> None:
    folder = tmp_path / "corpus"
    for name in ("corpus/part/beside.wav", "corpus/audio/below.wav", "outside.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    table = pa.table({"audio": pa.array([value for value, _ in CELLS], AUDIO)})
    pq.write_table(table, folder / "part/a.parquet")
    wanted = CELLS[row][1]
    recording = Recording("part/a.parquet", row=row, column="audio")
    if isinstance(wanted, bytes):
        assert content(folder, recording) == wanted
    elif wanted.endswith(".wav"):
        assert content(folder, recording) == folder / wanted
    else:
        with pytest.raises(NoContent, match=f"a.parquet, row {row + 1}, column 'audio': .*{wanted}"):
            content(folder, recording)


@pytest.mark.parametrize("shape", [(50,), (50, 2)])
def test_samples_in_a_cell_are_a_sound(tmp_path: Path, shape: tuple[int, ...]) -> None:
    samples = np.linspace(-1.5, 1, int(np.prod(shape))).reshape(shape)
    pq.write_table(pa.table({"s": [{"array": samples.T.tolist(), "sampling_rate": 22050}]}), tmp_path / "a.parquet")
    sound = content(tmp_path, Recording("a.parquet", row=0, column="s"))
    assert isinstance(sound, bytes)
    found, rate = soundfile.read(io.BytesIO(sound))
    np.testing.assert_array_equal(found, samples)
    assert rate == 22050


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"array": [0.1], "sampling_rate": None}, "samples without their sampling_rate"),
        ({"array": [], "sampling_rate": 8000}, "no samples, or channels of different lengths"),
        ({"array": [[0.1], [0.2, 0.3]], "sampling_rate": 8000}, "no samples, or channels of different lengths"),
        ({"array": [0.1, None], "sampling_rate": 8000}, "samples that are not numbers"),
    ],
)
def test_samples_that_are_no_sound(tmp_path: Path, cell: dict[str, Any], reason: str) -> None:
    pq.write_table(pa.Table.from_pylist([{"s": cell}]), tmp_path / "a.parquet")
    with pytest.raises(NoContent, match=reason):
        content(tmp_path, Recording("a.parquet", row=0, column="s"))


def test_a_damaged_table(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(NoContent, match=r"a.parquet, row 1, column 'audio': cannot be read"):
        content(tmp_path, Recording("a.parquet", row=0, column="audio"))
