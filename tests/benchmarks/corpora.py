"""Seeded corpora and untrained targets for the benchmarks. Sounds are bursts of noise, texts are words of one list."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, Samples, audio_hash, encode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.lab_target.build import AUDIO, CHAT_TEMPLATE, build_adapter, byte_tokenizer
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.forward.parts import Parts
from stages.models.record import TargetRecord, write_record
from tests.params import Whole, own_params

WORDS = [
    "anna",
    "buys",
    "sells",
    "the",
    "an",
    "apple",
    "house",
    "today",
    "river",
    "never",
    "green",
    "tall",
    "speaks",
    "quickly",
    "other",
    "door",
    "opens",
    "night",
]


@dataclass(frozen=True)
class Mix:
    """A clip's rows beside its original: how many neighbours by other audio, how many by other text."""

    audio: int
    text: int


LAB = Mix(audio=3, text=2)
FIMMIA = Mix(audio=6, text=18)
"""24 neighbours, as there: 6 each of deleted, duplicated and swapped words, and 6 of zeroed segments and gain."""


def clip(number: int, seconds: float, words: int, mix: Mix) -> list[tuple[str, Samples, str]]:
    """Return a clip's rows: kind, samples, text."""
    rng = np.random.default_rng(number)
    samples = (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)
    said = rng.choice(WORDS, words).tolist()
    rows = [("original", samples, " ".join(said))]
    for _ in range(mix.audio):
        rows.append(("audio", (samples * rng.uniform(0.3, 0.9)).astype(np.float32), " ".join(said)))
    for _ in range(mix.text):
        changed = list(said)
        one, other = rng.choice(words, 2, replace=False)
        changed[one], changed[other] = changed[other], changed[one]
        rows.append(("text", samples, " ".join(changed)))
    return rows


def queries(clips: int, seconds: float, words: int, mix: Mix) -> list[Query]:
    """Return the rows of `clips` clips, their lengths spread by a quarter about `seconds`."""
    spread = np.linspace(0.75, 1.25, clips) if clips > 1 else [1.0]
    return [
        Query(samples, audio_hash(samples), TRANSCRIBE, text)
        for number in range(clips)
        for _, samples, text in clip(number, seconds * float(spread[number]), words, mix)
    ]


def lab_adapter(seed: int) -> Qwen2AudioAdapter:
    """Return the lab's model before training."""
    return build_adapter(seed)


def qwen2_audio(audio: dict[str, Any], text: dict[str, Any], window_seconds: int) -> Qwen2AudioAdapter:
    """Return an untrained Qwen2-Audio of any size; its tokenizer is the lab's, whatever the vocabulary."""
    tokenizer = byte_tokenizer()
    processor = Qwen2AudioProcessor(
        feature_extractor=WhisperFeatureExtractor(
            feature_size=audio.get("num_mel_bins", 128), chunk_length=window_seconds
        ),
        tokenizer=tokenizer,
        chat_template=CHAT_TEMPLATE,
    )
    config = Qwen2AudioConfig(
        audio_config={"max_source_positions": 50 * window_seconds, **audio},
        text_config={"model_type": "qwen2", **text},
        audio_token_index=tokenizer.convert_tokens_to_ids(AUDIO),
    )
    return Qwen2AudioAdapter(Parts.of_processor(Qwen2AudioForConditionalGeneration(config).eval(), processor))


@contextmanager
def project(clips: int, seconds: float = 2.0, words: int = 6) -> Iterator[Whole]:
    """Make a folder with an audit of the lab's mix and untrained models, and stay in it."""
    audits = {"bench": {"corpus": "bench", "target": "lab_base", "reference": "none"}}
    content = own_params({"bench": "column"}, audits=audits)
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            lab_adapter(0).save(Path("model"))
            write_record(untrained_record())
            write_corpus(range(clips), seconds, words)
            yield Whole.model_validate(content)
        finally:
            os.chdir(before)


def write_corpus(numbers: Sequence[int], seconds: float = 2.0, words: int = 6) -> None:
    """Write clips and neighbours, a part at a time."""
    path = artifact("corpus", "bench", "clips.parquet")
    write_table(path, (_clips(at, seconds, words) for at in numbers), CLIPS_SCHEMA)
    path = artifact("perturbation", "bench", "neighbours.parquet")
    write_table(path, (_neighbours(at, seconds, words) for at in numbers), NEIGHBOURS_SCHEMA)


def _clips(number: int, seconds: float, words: int) -> pa.Table:
    _, samples, text = clip(number, seconds, words, LAB)[0]
    row = {"clip_id": f"{number:06}", "audio": encode_flac(samples), "text": text}
    return pa.Table.from_pylist([row], CLIPS_SCHEMA)


def _neighbours(number: int, seconds: float, words: int) -> pa.Table:
    rows = []
    for at, (kind, samples, text) in enumerate(clip(number, seconds, words, LAB)):
        rows.append(
            {
                "neighbour_id": f"{number:06}/{kind}/{at}",
                "clip_id": f"{number:06}",
                "kind": kind,
                "perturbation": kind,
                "recipe": "{}",
                "audio": encode_flac(samples) if kind == "audio" else None,
                "audio_hash": audio_hash(samples),
                "seconds": len(samples) / RATE,
                "text": text,
            }
        )
    return pa.Table.from_pylist(rows, NEIGHBOURS_SCHEMA)


def untrained_record() -> TargetRecord:
    """Return what the stage `target` would record of an untrained model of the lab in the folder `model`."""
    return TargetRecord(
        name="lab_base",
        model="model",
        revision="",
        weight_hash="untrained",
        architecture="qwen2_audio",
        parameters=1,
        dtype="float32",
        attention="sdpa",
        window_seconds=4.0,
        audible=True,
        audio_effect={},
    )
