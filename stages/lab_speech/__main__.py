"""``python -m stages.lab_speech --corpus NAME``: params → ``data/raw/NAME/``."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

from stages.core.artifacts import artifact
from stages.core.errors import EarwitnessError
from stages.core.parallel import ordered_map
from stages.core.params import Params
from stages.core.stage import run_stage
from stages.lab_speech.manifest import COLUMNS, clip_row, is_own, merged
from stages.lab_speech.plan import plan
from stages.lab_speech.recording import blocks, record_block


def work(corpus: str, params: Params) -> None:
    """Speak, record and write one corpus."""
    clips = plan(corpus, params.lab_speech, params.seed)
    folder = artifact("raw", corpus)
    kept = [row for row in _read_rows(folder / "manifest.csv") if not is_own(row["clip_id"], corpus)]
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    record = partial(record_block, conditions=params.lab_speech.conditions, seed=params.seed)
    for block in ordered_map(record, blocks(clips), params.compute):
        for clip_id, flac in block:
            _write(folder / "audio" / f"{clip_id}.flac", flac)
    _write_rows(folder / "manifest.csv", merged([clip_row(clip) for clip in clips], kept))
    _remove_leftovers(folder / "audio", corpus, {f"{clip.clip_id}.flac" for clip in clips})
    print(f"lab_speech@{corpus}: {len(clips)} clips, {len(kept)} of other origin kept")


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _read_rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, start=2):
        if None in row or not row.get("clip_id"):
            raise EarwitnessError(f"{path}, line {number}: more cells than columns, or no clip_id: correct the line")
    return rows


def _write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def _remove_leftovers(folder: Path, corpus: str, wanted: set[str]) -> None:
    """Remove own clips that are no longer in the plan; what people added stays."""
    for path in folder.glob("*.flac"):
        if is_own(path.stem, corpus) and path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    run_stage("lab_speech", work, "corpus")
