"""``python -m stages.lab_target``: the lab's pool → the trained base and its record."""

from __future__ import annotations

from pathlib import Path

import soundfile
import torch

from stages.core.artifacts import artifact
from stages.core.audio import decode, to_pipeline
from stages.core.codeversion import code_version
from stages.core.csvfile import read_csv
from stages.core.errors import EarwitnessError
from stages.core.params import Params
from stages.core.randomness import seed_of
from stages.core.stage import run_stage
from stages.lab_target.build import build_model, build_processor
from stages.lab_target.lessons import epochs_of_lessons, lessons
from stages.target.adapter import Query
from stages.target.adapters.qwen2_audio import Qwen2AudioAdapter
from stages.target.checkpoint import keep_trained
from stages.target.training import Recipe, shuffled_batches, train, training_key

POOL = "lab_pool"
NAME = "lab_base"


def work(_: str, params: Params) -> None:
    """Build and train the base."""
    settings, seed = params.lab_target, seed_of(params.seed, "lab_target")
    of_clips = _pool_lessons(artifact("raw", POOL))
    queries = [query for of_clip in of_clips for query in of_clip]
    generator = torch.Generator().manual_seed(seed)
    counts = [len(of_clip) for of_clip in of_clips]
    epochs = epochs_of_lessons(counts, settings.epochs, settings.question_share, generator)
    batches = shuffled_batches(epochs, [len(query.samples) for query in queries], settings.batch_size, generator)
    recipe = Recipe(settings.learning_rate, "whole", seed)
    processor = build_processor()
    adapter = Qwen2AudioAdapter(build_model(processor, seed), processor)
    key = training_key(adapter, code_version("stages.lab_target.build"), queries, batches, recipe)
    losses = train(adapter, queries, batches, recipe, key)
    keep_trained(adapter, NAME, losses, Path("data/lab_target"), params)


def _pool_lessons(folder: Path) -> list[list[Query]]:
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


if __name__ == "__main__":
    run_stage("lab_target", work)
