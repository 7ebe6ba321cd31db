"""The stage: cached rows are not measured again, and a row does not depend on other rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from stages.core.errors import EarwitnessError
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.features.__main__ import main
from stages.features.family import FAMILIES
from stages.perturbation.__main__ import main as perturb
from tests.params import Whole

LIGHT = {"families": ["recording", "spectral", "textual"]}


def counts(printed: str) -> dict[str, tuple[int, int]]:
    """Read the caches' summaries: rows computed and reused, by family."""
    words = [
        line.split() for line in printed.splitlines() if line.startswith("features") and " rows computed, " in line
    ]
    return {line[1].removeprefix("features/").rstrip(":"): (int(line[2]), int(line[5])) for line in words}


def both(name: str, params: Whole) -> None:
    ingest(name, params)
    perturb(name, params)
    main(name, params)


def features(name: str) -> Any:
    return read_table(Path("data/features", name, "features.parquet"))


def test_ten_clips_more_are_ten_rows_more(bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]) -> None:
    params = make_params({"mine": "column"})
    bring("mine", 14)
    both("mine", params)
    assert counts(capsys.readouterr().out) == {name: (14, 0) for name in FAMILIES}
    before = features("mine")
    bring("mine", 24)
    both("mine", params)
    assert counts(capsys.readouterr().out) == {name: (10, 14) for name in FAMILIES}
    assert features("mine").slice(0, 14).equals(before)


def test_the_artifact_is_complete_and_finite(bring: Any, make_params: Any) -> None:
    bring("mine", 3)
    both("mine", make_params({"mine": "column"}))
    table = features("mine")
    assert table.column_names == [
        "clip_id",
        *(
            f"{name}.{column}"
            for name in ("recording", "spectral", "prosodic", "textual")
            for column in FAMILIES[name].columns
        ),
    ]
    columns = table.drop_columns("clip_id").itercolumns()
    assert all(np.isfinite(column.to_numpy()).all() for column in columns)


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte(bring: Any, make_params: Any) -> None:
    written = []
    bring("mine", 20)
    for workers in (1, 2):
        both("mine", make_params({"mine": "column"}, features=LIGHT, compute={"workers": workers}))
        written.append(Path("data/features/mine/features.parquet").read_bytes())
        for part in Path(".cache/rows").rglob("*.parquet"):
            part.unlink()
    assert written[0] == written[1]


def test_a_changed_text_measures_only_the_text_again(
    bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params({"mine": "column"}, features=LIGHT)
    manifest = bring("mine", 6) / "manifest.csv"
    both("mine", params)
    capsys.readouterr()
    manifest.write_text(manifest.read_text().replace("Tom saw 3", "Ann saw 3"))
    both("mine", params)
    assert counts(capsys.readouterr().out) == {"recording": (0, 6), "spectral": (0, 6), "textual": (1, 5)}


def test_the_same_sound_twice_is_measured_once(
    bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bring("mine", 4)
    (folder / "audio/3.wav").write_bytes((folder / "audio/1.wav").read_bytes())
    both("mine", make_params({"mine": "column"}, features=LIGHT))
    assert counts(capsys.readouterr().out)["spectral"] == (3, 0)
    table = features("mine").to_pylist()
    assert table[1]["spectral.mfcc0_mean"] == table[3]["spectral.mfcc0_mean"]


def test_only_the_families_that_params_name(bring: Any, make_params: Any) -> None:
    bring("mine", 2)
    both("mine", make_params({"mine": "column"}, features={"families": ["textual"]}))
    assert pq.read_schema("data/features/mine/features.parquet").names[1].startswith("textual.")
    for families, message in (["rhythm"], "unknown 'rhythm': use some of prosodic"), ([], "empty: name some of"):
        with pytest.raises(EarwitnessError, match=rf"params\.yaml: features\.families: {message}"):
            main("mine", make_params({"mine": "column"}, features={"families": families}))


def test_without_clips_it_says_what_to_run(workplace: Path, make_params: Any) -> None:
    with pytest.raises(EarwitnessError, match=r"data/corpus/mine/clips\.parquet: missing: run 'dvc repro'"):
        main("mine", make_params({"mine": "column"}))
    with pytest.raises(EarwitnessError, match="'other' is not declared"):
        main("other", make_params({"mine": "column"}))


def test_the_sound_of_every_pairing_is_measured_as_a_clip_with_it_would_be(bring: Any, make_params: Any) -> None:
    bring("mine", 4)
    pairings = {"as_it_was": {"count": 1}, "silence": {"count": 1}, "gain": {"count": 1, "decibels": [-9.0, 9.0]}}
    params = make_params({"mine": "column"}, perturbation={"neighbours": pairings})
    both("mine", params)
    found = read_table(Path("data/features/mine/pairings.parquet"))
    of_clips = {row["clip_id"]: row for row in features("mine").to_pylist()}
    assert found.num_rows == 8
    assert {name.split(".")[0] for name in found.column_names if "." in name} == {"spectral", "prosodic"}
    for row in found.to_pylist():
        assert row["neighbour_id"] == f"{row['clip_id']}/{row['perturbation']}/0"
        same = all(row[name] == of_clips[row["clip_id"]][name] for name in row if "." in name)
        assert same is (row["perturbation"] == "as_it_was")


def test_without_pairings_the_table_is_empty(bring: Any, make_params: Any) -> None:
    bring("mine", 2)
    both("mine", make_params({"mine": "column"}, perturbation={"neighbours": {}}))
    assert read_table(Path("data/features/mine/pairings.parquet")).num_rows == 0
