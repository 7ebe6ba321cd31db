"""Folders for the tiny form of benchmarks, made in a second: a lab with an untrained model, and recordings of noise."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import soundfile

from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import RATE, Samples, audio_hash, decode_flac, encode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.models.record import write_record
from tests.benchmarks.corpora import lab_adapter, untrained_record

CLIPS, SPEAKERS, SECONDS = 12, 6, 0.6
GENDERS = ("female", "male")


@contextlib.contextmanager
def tiny_lab(corpora: Iterable[str] = ("lab_trained", "lab_control")) -> Iterator[Path]:
    """Make a lab in a temporary folder, and stay in it: the record and the model of `lab_base`, and corpora's clips."""
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        lab_adapter(0).save(Path("model"))
        write_record(untrained_record())
        for name in corpora:
            rows = [_row(name, number) for number in range(CLIPS)]
            path = artifact("corpus", name, "clips.parquet")
            write_table(path, pa.Table.from_pylist(rows, CLIPS_SCHEMA), CLIPS_SCHEMA)
        yield Path(folder)


@contextlib.contextmanager
def tiny_recordings(corpora: Iterable[str]) -> Iterator[Path]:
    """Make corpora of recordings in a temporary folder, each with a manifest."""
    with TemporaryDirectory() as folder:
        for name in corpora:
            path = Path(folder) / name
            path.mkdir()
            with (path / "manifest.csv").open("w", encoding="utf-8", newline="") as handle:
                writer = csv.writer(handle)
                writer.writerow(["clip_id", "path", "text", "speaker", "gender", "corpus"])
                for number in range(CLIPS):
                    soundfile.write(path / f"{number}.wav", sound(name, number), RATE)
                    speaker, gender = f"{name}_{number % SPEAKERS}", GENDERS[number % 2]
                    writer.writerow([f"{name}-{number}", f"{number}.wav", f"word {number}", speaker, gender, name])
        yield Path(folder)


def sound(corpus: str, number: int) -> Samples:
    """Return noise under a tone that rises with the number."""
    rng = np.random.default_rng([number, *corpus.encode()])
    at = np.arange(round(SECONDS * RATE)) / RATE
    return (0.2 * np.sin(2 * np.pi * (100 + 10 * number) * at) + 0.02 * rng.standard_normal(len(at))).astype(np.float32)


def _row(corpus: str, number: int) -> dict[str, object]:
    flac = encode_flac(sound(corpus, number))
    return dict.fromkeys(CLIPS_SCHEMA.names) | {
        "clip_id": f"{corpus}_{number}",
        "audio": flac,
        "audio_hash": audio_hash(decode_flac(flac)),
        "text": f"word {number}",
        "speaker": f"{corpus}_{number % SPEAKERS}",
        "attributes": [("gender", GENDERS[number % 2])],
    }
