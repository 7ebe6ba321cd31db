"""``python -m stages.lab_speech --corpus NAME``: params → ``data/raw/NAME/``."""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.run.parallel import ordered_map
from stages.core.run.stage import run_stage
from stages.core.store.atomic import replacing
from stages.core.store.csvfile import read_csv
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.lab_speech.manifest import COLUMNS, Row, added, audio_path, clip_row, merged
from stages.lab_speech.params import LabSpeechParams
from stages.lab_speech.plan import plan
from stages.lab_speech.recording import blocks, record_block

MADE = ".made.json"
"""File in the corpus's folder: the path of each clip that this stage made, by clip_id. Other files are people's."""


def work(corpus: str, params: LabSpeechParams) -> None:
    """Synthesise, record and write one corpus."""
    clips = plan(corpus, params.lab_speech, params.seed)
    folder = artifact("raw", corpus)
    made = read_json(folder / MADE) if (folder / MADE).exists() else {}
    planned = {clip.clip_id: audio_path(clip.clip_id) for clip in clips}
    kept = added(_read_rows(folder / "manifest.csv"), made)
    _check_free(folder, planned, made, kept)
    # Listed before they are written: then the clips of a killed run are known as the stage's own.
    write_json(folder / MADE, made | planned)
    record = partial(record_block, conditions=params.lab_speech.conditions, seed=params.seed)
    for block in ordered_map(record, blocks(clips), params.compute):
        for clip_id, flac in block:
            with replacing(folder / planned[clip_id]) as temporary:
                temporary.write_bytes(flac)
    _write_rows(folder / "manifest.csv", merged([clip_row(clip) for clip in clips], kept))
    needed = {*planned.values(), *(posixpath.normpath(row.get("path", "")) for row in kept)}
    for path in set(made.values()) - needed:
        (folder / path).unlink(missing_ok=True)
    write_json(folder / MADE, planned)
    print(f"lab_speech@{corpus}: {len(clips)} clips, {len(kept)} of other origin kept")


def _check_free(folder: Path, planned: Mapping[str, str], made: Mapping[str, str], kept: Sequence[Row]) -> None:
    """Check that no id and no file to be written belongs to people."""
    remedy = "give what was added another name, or delete the folder if nothing was"
    taken = [row["clip_id"] for row in kept if row["clip_id"] in planned]
    if taken:
        raise EarwitnessError(
            f"{folder / 'manifest.csv'}: clip_id {taken[0]!r} was added by people, and lab_speech needs it: {remedy}"
        )
    others = [path for path in sorted(set(planned.values()) - set(made.values())) if (folder / path).exists()]
    if others:
        raise EarwitnessError(f"{folder / others[0]}: was added by people, and lab_speech must write it: {remedy}")


def _read_rows(path: Path) -> list[Row]:
    """Read the manifest, if there is one. A row without a distinct id would be lost, so it is an error."""
    rows = read_csv(path) if path.exists() else []
    seen: set[str] = set()
    for row in rows:
        clip_id = row.get("clip_id", "")
        if not clip_id or clip_id in seen:
            raise EarwitnessError(f"{path}: clip_id {clip_id!r} is blank or there twice: give each row its own")
        seen.add(clip_id)
    return rows


def _write_rows(path: Path, rows: list[Row]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run_stage("lab_speech", work, LabSpeechParams, "corpus")
