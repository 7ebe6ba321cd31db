"""Voxtral with the tokenizer that Mistral publishes: its prompts and transcripts are those of mistral-common."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf

from stages.core.sound.audio import RATE
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.families.voxtral import VoxtralAdapter
from stages.models.forward.parts import load_tokenizer
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.sources import Source
from tests.stages.models.families import tekken, voxtral, voxtral_published

MakeQuery = Callable[..., Query]
PUBLISHED = 130_072
"""Tokens of the published tokenizer beside the special ones."""
TEXTS = (
    "Anna buys the apple today.",
    " Grüße, 日本! 12,500 times; don't  stop\n\nnow",
    "[INST] <s></s> [AUDIO]",
    "ça n'est pas possible, ЁЛКИ-ПАЛКИ",
    "\U0001f468‍\U0001f469‍\U0001f467 émoji é",
    "",
)
mistral = pytest.importorskip("mistral_common.tokens.tokenizers.mistral")
audio = pytest.importorskip("mistral_common.audio")
chunks = pytest.importorskip("mistral_common.protocol.instruct.chunk")
messages = pytest.importorskip("mistral_common.protocol.instruct.messages")
request = pytest.importorskip("mistral_common.protocol.instruct.request")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> VoxtralAdapter:
    folder = tmp_path_factory.mktemp("voxtral") / "published"
    voxtral_published(folder)
    adapter = load_checkpoint(folder.as_posix(), LoadOptions())
    assert isinstance(adapter, VoxtralAdapter)
    return adapter


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tekken")
    tekken(folder)
    return mistral.MistralTokenizer.from_file(str(folder / "tekken.json"))


@pytest.mark.parametrize("seconds", [0.4, 2.0, 3.3])
@pytest.mark.parametrize("instruction", [TRANSCRIBE, "Who speaks, «Grüße» aside?", ""])
def test_a_prompt_is_mistrals_own(
    seconds: float, instruction: str, published: VoxtralAdapter, theirs: Any, make_query: MakeQuery
) -> None:
    query = make_query(seconds, "Anna buys.", instruction=instruction)
    row = published._row(query, published.hear([query])[query.audio_hash])
    sound = io.BytesIO()
    sf.write(sound, query.samples, RATE, format="WAV", subtype="FLOAT")
    chunk = chunks.AudioChunk.from_audio(audio.Audio.from_bytes(sound.getvalue()))
    content = [chunk, *([chunks.TextChunk(text=instruction)] if instruction else [])]
    asked = request.ChatCompletionRequest(messages=[messages.UserMessage(content=content)])
    tokens = theirs.encode_chat_completion(asked).tokens
    assert row.token_ids[: row.answer.start] == tokens
    spelt = theirs.instruct_tokenizer.tokenizer.encode(instruction, bos=False, eos=False)
    assert [row.token_ids[at] for at in row.instruction] == spelt
    assert row.token_ids[row.answer.stop - 1] == theirs.instruct_tokenizer.tokenizer.eos_id


@pytest.mark.parametrize("text", TEXTS)
def test_a_transcript_is_spelt_as_mistral_spells_it(text: str, published: VoxtralAdapter, theirs: Any) -> None:
    assert published._transcripts.ids(text) == theirs.instruct_tokenizer.tokenizer.encode(text, bos=False, eos=False)


@pytest.mark.slow
def test_a_tokenizer_of_the_published_size_is_read_whole(tmp_path: Path) -> None:
    tekken(tmp_path, PUBLISHED)
    own = mistral.MistralTokenizer.from_file(str(tmp_path / "tekken.json")).instruct_tokenizer.tokenizer
    ours = load_tokenizer(Source(tmp_path))
    assert len(ours) == own.n_words
    for text in TEXTS:
        ids = ours(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        assert ids == own.encode(text, bos=False, eos=False)
        assert ours.decode(ids) == text


def test_a_tokenizer_json_comes_before_the_one_that_mistral_publishes(tmp_path: Path, make_query: MakeQuery) -> None:
    voxtral(tmp_path / "model")
    query = make_query(1.0, "Anna buys the apple.")
    alone = load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())
    tekken(tmp_path / "model")
    both = load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())
    assert isinstance(alone, VoxtralAdapter)
    assert isinstance(both, VoxtralAdapter)
    assert both._transcripts.ids(query.text) == alone._transcripts.ids(query.text)
    assert both.loss([query]).item() == pytest.approx(alone.loss([query]).item(), abs=1e-6)
