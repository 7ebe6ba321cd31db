"""The pool as people may have left it: what is wrong with a row ends in one line that names it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from stages.core.errors import EarwitnessError
from stages.lab_target.pool import pool_lessons


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "one.flac", np.zeros(8000), 16_000)
    return tmp_path


def test_a_manifest_with_a_byte_order_mark_is_read(pool: Path) -> None:
    (pool / "manifest.csv").write_text("clip_id,path,text\none,one.flac,Hello.\n", encoding="utf-8-sig")
    [[lesson]] = pool_lessons(pool)
    assert lesson.text == "Hello."
    assert len(lesson.samples) == 8000


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"clip_id,path,text\none,two.flac,Hello.\n", r"clip 'one': .*two\.flac is no recording: put it there"),
        (b"clip_id,path,text\none,manifest.csv,Hello.\n", r"clip 'one': .*manifest\.csv is no recording"),
        (b"clip_id,path,text\none,,Hello.\n", r"clip 'one': column 'path' is missing or blank"),
        (b"clip_id,path\none,one.flac\n", r"clip 'one': column 'text' is missing or blank"),
        (b"clip_id,path,text\none,one.flac\n", r"row 2: 2 cells under 3 columns"),
        (b"clip_id,path,text\none,one.flac,Gr\xfc\xdfe.\n", r"manifest\.csv, line 2: not UTF-8"),
    ],
)
def test_what_is_wrong_is_one_line(manifest: bytes, message: str, pool: Path) -> None:
    (pool / "manifest.csv").write_bytes(manifest)
    with pytest.raises(EarwitnessError, match=message) as error:
        pool_lessons(pool)
    assert "\n" not in str(error.value)
