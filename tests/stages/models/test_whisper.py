"""Whisper's prefix and answers are those of `generate` of `transformers`, on checkpoints as people have them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import Samples, audio_hash, decode, to_pipeline
from stages.models.adapter import Adapter, Query
from stages.models.families.whisper import WhisperAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.families import BUILDERS

MakeQuery = Callable[..., Query]
Told = dict[str, str]
START, GERMAN, ENGLISH, TASK, UNTIMED = 263, 264, 265, 266, 267
MOST_TOKENS = 60


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper") / "multilingual"
    BUILDERS["whisper"](folder)
    return folder


def rewritten(source: Path, folder: Path, config: dict[str, Any], generation: dict[str, Any] | None) -> Path:
    """Copy a checkpoint with other configs; without a generation config if that is None, and None removes a key."""
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).symlink_to(path)
    for name, changes in (("config.json", config), ("generation_config.json", generation)):
        (folder / name).unlink()
        if changes is not None:
            content = {**json.loads((source / name).read_text()), **changes}
            kept = {key: value for key, value in content.items() if value is not None}
            (folder / name).write_text(json.dumps(kept))
    return folder


def generated(model: Any, query: Query, adapter: WhisperAdapter, **told: str) -> tuple[list[int], list[int]]:
    """Return the prefix that `generate` decodes from, and the tokens of its answer."""
    seen: list[list[int]] = []
    hook = model.get_decoder().register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(kwargs["input_ids"][0].tolist()), with_kwargs=True
    )
    made = model.generate(adapter.input(query).values[None], max_new_tokens=MOST_TOKENS, do_sample=False, **told)
    hook.remove()
    prefix = max(seen, key=len)
    answer = made[0].tolist()
    return prefix, answer[len(prefix) :] if answer[: len(prefix)] == prefix else answer


def prefix_of(adapter: Adapter, query: Query) -> list[int]:
    assert isinstance(adapter, WhisperAdapter)
    return adapter._hear([query])[query.audio_hash].prefix


OLD: dict[str, Any] = dict.fromkeys(("is_multilingual", "lang_to_id", "task_to_id", "no_timestamps_token_id"))
CONFIGS: dict[str, tuple[dict[str, Any], dict[str, Any] | None, Told, Told, list[int] | None]] = {
    # the config's and the generation config's changes, what ours is told, what `generate` is told, what is expected
    "detected": ({}, {}, {}, {"task": "transcribe"}, None),
    "told": ({}, {}, {"language": "german"}, {"language": "german"}, [START, GERMAN, TASK, UNTIMED]),
    "told by code": ({}, {}, {"language": "en"}, {"language": "en"}, [START, ENGLISH, TASK, UNTIMED]),
    "told a task": (
        {},
        {"task_to_id": {"transcribe": TASK, "translate": 100}},
        {"language": "de", "task": "translate"},
        {"language": "de", "task": "translate"},
        [START, GERMAN, 100, UNTIMED],
    ),
    "stated": ({}, {"language": "<|de|>", "task": "transcribe"}, {}, {}, [START, GERMAN, TASK, UNTIMED]),
    "stated by name": ({}, {"language": "German"}, {}, {}, [START, GERMAN, TASK, UNTIMED]),
    "forced, detected": ({}, {"forced_decoder_ids": [[1, None], [2, TASK]]}, {}, {}, None),
    "forced in full": (
        {},
        {"forced_decoder_ids": [[1, ENGLISH], [2, TASK], [3, UNTIMED]]},
        {},
        {},
        [START, ENGLISH, TASK, UNTIMED],
    ),
    "forced in an old config": (
        {"forced_decoder_ids": [[1, GERMAN], [2, TASK], [3, UNTIMED]]},
        OLD,
        {},
        {},
        [START, GERMAN, TASK, UNTIMED],
    ),
    "forced, without a generation config": (
        {"forced_decoder_ids": [[1, GERMAN], [2, TASK], [3, UNTIMED]], "begin_suppress_tokens": [220]},
        None,
        {},
        {},
        [START, GERMAN, TASK, UNTIMED],
    ),
    "English alone": (
        {},
        {**OLD, "is_multilingual": False, "no_timestamps_token_id": UNTIMED},
        {},
        {},
        [START, UNTIMED],
    ),
    "English alone, forced in an old config": ({"forced_decoder_ids": [[1, UNTIMED]]}, OLD, {}, {}, [START, UNTIMED]),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_the_prefix_and_the_answer_are_those_of_generate(
    case: str, multilingual: Path, tmp_path: Path, make_query: MakeQuery
) -> None:
    config, generation, ours, theirs, expected = CONFIGS[case]
    folder = rewritten(multilingual, tmp_path / "model", config, generation)
    adapter = load_checkpoint(folder.as_posix(), LoadOptions(**ours))
    assert isinstance(adapter, WhisperAdapter)
    for seed in range(3):
        query = make_query(1.0 + seed, "", seed=seed)
        prefix, answer = generated(adapter.model, query, adapter, **theirs)
        assert prefix_of(adapter, query) == prefix
        assert expected is None or prefix == expected
        assert adapter.generate([query], MOST_TOKENS)[0] == adapter.parts.tokenizer.decode(
            answer, skip_special_tokens=True
        )


def test_what_only_the_tokenizer_states_is_in_the_prefix(
    multilingual: Path, tmp_path: Path, make_query: MakeQuery
) -> None:
    english = rewritten(multilingual, tmp_path / "english", {}, OLD)
    query = make_query(1.0, "")
    assert prefix_of(load_checkpoint(english.as_posix(), LoadOptions()), query) == [START, UNTIMED]
    told = {**OLD, "is_multilingual": True}
    several = rewritten(multilingual, tmp_path / "several", {}, told).as_posix()
    german = load_checkpoint(several, LoadOptions(language="de"))
    assert prefix_of(german, query) == [START, GERMAN, TASK, UNTIMED]
    detected = prefix_of(load_checkpoint(several, LoadOptions()), query)
    assert detected[1] in (GERMAN, ENGLISH)
    assert detected[2:] == [TASK, UNTIMED]


@pytest.mark.parametrize(
    ("generation", "told", "message"),
    [
        ({}, {"language": "klingon"}, r"targets.<name>.language: .* no language 'klingon': use one of de, en$"),
        ({}, {"task": "translate"}, r"targets.<name>.task: this Whisper has no token for 'translate': remove it"),
        (OLD, {"language": "de"}, r"targets.<name>.language: this Whisper knows English alone and is told none"),
        (OLD, {"task": "translate"}, r"targets.<name>.task: this Whisper knows English alone and is told none"),
    ],
)
def test_what_a_whisper_cannot_be_told_is_one_line(
    generation: dict[str, Any], told: Told, message: str, multilingual: Path, tmp_path: Path
) -> None:
    folder = rewritten(multilingual, tmp_path / "model", {}, generation)
    with pytest.raises(EarwitnessError, match=message) as raised:
        load_checkpoint(folder.as_posix(), LoadOptions(**told))
    assert "\n" not in str(raised.value)


def test_a_family_without_languages_is_told_none(checkpoint: Path) -> None:
    with pytest.raises(EarwitnessError, match=r"targets.<name>.language: a model of the type 'qwen2_audio' is told"):
        load_checkpoint(checkpoint.as_posix(), LoadOptions(language="de"))


def load_audio(path: Path) -> Samples:
    samples, rate, _ = decode(path)
    return to_pipeline(samples, rate)


@pytest.fixture(scope="module")
def clips(speech: Path) -> list[Query]:
    """Sixty recordings of LibriSpeech's test-other, the shortest first."""
    folder = speech / "librispeech_testother"
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        sounds = [load_audio(folder / row["path"]) for row in csv.DictReader(file)]
    return [Query(sound, audio_hash(sound), "", "") for sound in sorted(sounds, key=len)]


def assert_as_generate(folder: Path, queries: list[Query]) -> None:
    adapter = load_checkpoint(folder.as_posix(), LoadOptions())
    assert isinstance(adapter, WhisperAdapter)
    ours = [text for at in range(0, len(queries), 8) for text in adapter.generate(queries[at : at + 8], MOST_TOKENS)]
    for query, text in zip(queries, ours, strict=True):
        prefix, answer = generated(adapter.model, query, adapter)
        assert prefix_of(adapter, query) == prefix
        assert text == adapter.parts.tokenizer.decode(answer, skip_special_tokens=True)
    assert len({*ours}) == len(queries)


def test_answers_of_the_released_whisper_are_those_of_generate(released_whisper: Path, clips: list[Query]) -> None:
    assert_as_generate(released_whisper, clips[:4])


@pytest.mark.slow
def test_sixty_answers_of_the_released_whisper_are_those_of_generate(
    released_whisper: Path, clips: list[Query]
) -> None:
    assert len(clips) == 60
    assert_as_generate(released_whisper, clips)


def test_a_checkpoint_whose_tokenizer_alone_has_the_token_for_no_timestamps_scores_alike(
    released_whisper: Path, speech: Path, tmp_path: Path
) -> None:
    folder = speech / "commonvoice_en"
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    sound = load_audio(folder / row["path"])
    query = Query(sound, audio_hash(sound), "", row["text"])
    old = rewritten(released_whisper, tmp_path / "old", {}, {"no_timestamps_token_id": None, "is_multilingual": None})
    with torch.inference_mode():
        losses = [
            load_checkpoint(path.as_posix(), LoadOptions()).loss([query]).item() for path in (released_whisper, old)
        ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
