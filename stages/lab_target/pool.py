"""Read the lab's pool, and train an untrained model on it: the result is a base."""

from __future__ import annotations

from pathlib import Path

import soundfile
import torch

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import decode, to_pipeline
from stages.core.store.csvfile import read_csv
from stages.core.store.jsonfile import artifact
from stages.lab_target.lessons import epochs_of_lessons, lessons
from stages.lab_target.params import LabTarget
from stages.models.adapter import Adapter, Query
from stages.models.training import Recipe, shuffled_batches, train, training_key

POOL = "lab_pool"


def teach(adapter: Adapter, drawn_by: str, settings: LabTarget, seed: int) -> list[float]:
    """Train an untrained model on the pool and return the loss of each step.

    Parameters
    ----------
    adapter : Adapter
    drawn_by : str
        Version of the code that drew the initial weights. It is part of the training's key.
    settings : LabTarget
    seed : int
    """
    of_clips = pool_lessons(artifact("raw", POOL))
    queries = [query for of_clip in of_clips for query in of_clip]
    generator = torch.Generator().manual_seed(seed)
    counts = [len(of_clip) for of_clip in of_clips]
    epochs = epochs_of_lessons(counts, settings.epochs, settings.question_share, generator)
    batches = shuffled_batches(epochs, [len(query.samples) for query in queries], settings.batch_size, generator)
    recipe = Recipe(settings.learning_rate, "whole", seed)
    return train(adapter, queries, batches, recipe, training_key(adapter, drawn_by, queries, batches, recipe))


def pool_lessons(folder: Path) -> list[list[Query]]:
    """Return the lessons of every clip of the pool, in the manifest's order."""
    manifest = folder / "manifest.csv"
    if not manifest.exists():
        raise EarwitnessError(f"{manifest}: missing: run 'dvc repro lab_speech@{POOL}'")
    return [_clip_lessons(folder, row) for row in read_csv(manifest)]


def _clip_lessons(folder: Path, row: dict[str, str]) -> list[Query]:
    place = f"{folder / 'manifest.csv'}: clip {row.get('clip_id', '')!r}"
    absent = [column for column in ("path", "text") if not row.get(column)]
    if absent:
        raise EarwitnessError(f"{place}: column {absent[0]!r} is missing or blank: fill it in")
    try:
        samples, rate, _ = decode(folder / row["path"])
    except soundfile.LibsndfileError as error:
        raise EarwitnessError(
            f"{place}: {folder / row['path']} is no recording: put it there or remove the row"
        ) from error
    return lessons(to_pipeline(samples, rate), row)
