"""Encoder-decoders against the `generate` of `transformers`: the prefix, the rules of generation, the shared work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE
from stages.models.adapter import Query
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.families.whisper import WhisperAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.families import options
from tests.stages.models.plain import plain_sound
from tests.stages.models.recognisers import RECOGNISERS, speech_encoder_decoder

MakeQuery = Callable[..., Query]
TOKENS = 12
of_every_recogniser = pytest.mark.parametrize("family", list(RECOGNISERS), indirect=True)


def loaded(folder: Path, how: LoadOptions) -> EncoderDecoderAdapter:
    adapter = load_checkpoint(folder.as_posix(), how)
    assert isinstance(adapter, EncoderDecoderAdapter)
    return adapter


@pytest.fixture(scope="session")
def recogniser(family: tuple[str, Path]) -> EncoderDecoderAdapter:
    name, folder = family
    return loaded(folder, options(name))


def asked(adapter: EncoderDecoderAdapter, query: Query) -> dict[str, Any]:
    """Return what a user of `transformers` gives to `generate`: what its processor makes, or a language."""
    processor, told = adapter.parts.processor, adapter.parts.options.language
    match adapter.model.config.model_type:
        case "canary":
            text = processor.apply_transcription_request([query.samples], source_language="en", tokenize=False)
            return dict(processor(audio=[query.samples], text=text, sampling_rate=RATE))
        case "cohere_asr":
            made = dict(processor(audio=[query.samples], language=told, sampling_rate=RATE))
            return {name: value for name, value in made.items() if name != "audio_chunk_index"}
        case "seamless_m4t" | "seamless_m4t_v2":
            return {**plain_sound(adapter, query), "tgt_lang": told}
        case "whisper":
            return {**plain_sound(adapter, query), "task": "transcribe"}
    return dict(plain_sound(adapter, query))


def own_ids(adapter: EncoderDecoderAdapter, query: Query) -> list[int]:
    """Return the greedy answer that `transformers` generates."""
    with torch.inference_mode():
        made = adapter.model.generate(**asked(adapter, query), max_new_tokens=TOKENS, num_beams=1, do_sample=False)[
            0
        ].tolist()
    prefix = adapter._hear([query])[query.audio_hash].prefix
    return made[len(prefix) if made[: len(prefix)] == prefix else 0 :]  # Whisper's returns the answer alone


def own_answer(adapter: EncoderDecoderAdapter, query: Query) -> str:
    return str(adapter.parts.tokenizer.decode(own_ids(adapter, query), skip_special_tokens=True))


@of_every_recogniser
def test_greedy_answers_are_those_of_transformers(
    recogniser: EncoderDecoderAdapter, make_query: MakeQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recogniser.model.generation_config, "repetition_penalty", 1.5)  # or some repeat one token
    queries = [make_query(seconds, "", seed=number) for number, seconds in enumerate((0.7, 1.3, 1.3, 2.1, 3.9))]
    own = [own_answer(recogniser, query) for query in queries]
    assert recogniser.generate(queries, TOKENS) == own
    assert len(set(own)) > 1


@of_every_recogniser
def test_answers_are_scored_with_the_sounds_that_they_were_generated_from(
    recogniser: EncoderDecoderAdapter, make_query: MakeQuery
) -> None:
    queries = [make_query(1.3, "", seed=1), make_query(2.0, "", seed=2)]
    encoded: list[int] = []
    hook = recogniser.model.get_encoder().register_forward_hook(lambda _, values, made: encoded.append(len(values[0])))
    texts, rows = recogniser.answered(queries, ["transcript"], likelihood, TOKENS)
    hook.remove()
    assert sum(encoded) == len(queries)
    assert texts == recogniser.generate(queries, TOKENS)
    said = [replace(query, text=text) for query, text in zip(queries, texts, strict=True)]
    for row, again in zip(rows, recogniser.reduced(said, ["transcript"], likelihood), strict=True):
        assert torch.equal(row.token_ids["transcript"], again.token_ids["transcript"])
        one, other = row.statistics["transcript"]["logprob"], again.statistics["transcript"]["logprob"]
        assert torch.allclose(one, other, atol=1e-4)


def likelihood(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None]).squeeze(1)}


@of_every_recogniser
def test_rows_of_one_sound_share_what_is_computed_of_it(
    recogniser: EncoderDecoderAdapter, make_query: MakeQuery
) -> None:
    texts = ["Anna buys the apple.", "", "Anna", "Berta sells the pear."]
    rows = [replace(make_query(1.3, ""), text=text) for text in texts]
    with Projections(recogniser) as projected:
        together = recogniser.forced(rows, ["transcript"])
    assert set(projected.sounds) == {1}
    for query, row in zip(rows, together, strict=True):
        alone = recogniser.forced([query], ["transcript"])[0]
        assert torch.allclose(row.logits["transcript"], alone.logits["transcript"], atol=1e-4)
        assert torch.allclose(row.hidden, alone.hidden, atol=1e-4)


class Projections:
    """How many sounds each call of the encoder and of a cross-attention's keys is given."""

    def __init__(self, adapter: EncoderDecoderAdapter) -> None:
        keys = cross_keys(adapter)
        self._modules = [adapter.model.get_encoder(), *keys]
        detects = isinstance(adapter, WhisperAdapter)  # the language, by one more run of the decoder
        self._times = len(self._modules) + (len(keys) if detects else 0)  # each once
        self.sounds: list[int] = []

    def __enter__(self) -> Projections:
        self._hooks = [module.register_forward_hook(self._note) for module in self._modules]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        assert len(self.sounds) == self._times

    def _note(self, module: object, values: tuple[torch.Tensor, ...], made: object) -> None:
        self.sounds.append(len(values[0]))


def cross_keys(adapter: EncoderDecoderAdapter) -> list[torch.nn.Module]:
    """Return the modules that make the keys of the cross-attention."""
    names = ("encoder_attn.k_proj", "cross_attention.k_proj", "crossattention.self.key")
    found = [module for name, module in adapter.decoder.named_modules() if name.endswith(names)]
    assert len(found) == 2
    return found


RULES = {
    "repetition_penalty": 1.8,
    "no_repeat_ngram_size": 2,
    "bad_words_ids": [[10]],
    "min_new_tokens": 4,
    "suppress_tokens": [3, 4, 5],
    "begin_suppress_tokens": [6, 7],
    "forced_eos_token_id": 256,
}


@pytest.mark.parametrize("family", ["moonshine"], indirect=True)
@pytest.mark.parametrize("rule", [*RULES, "all"])
def test_the_rules_of_generation_are_the_checkpoints(
    rule: str, recogniser: EncoderDecoderAdapter, make_query: MakeQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = make_query(1.3, "")
    free = own_ids(recogniser, query)
    stated = {**RULES, "bad_words_ids": [[free[1]]], "suppress_tokens": free[:1], "begin_suppress_tokens": free[:1]}
    for name in stated if rule == "all" else [rule]:
        monkeypatch.setattr(recogniser.model.generation_config, name, stated[name])
    answer = recogniser.generate([query], TOKENS)[0]
    assert answer == own_answer(recogniser, query)
    if rule not in ("min_new_tokens", "forced_eos_token_id"):
        assert answer != recogniser.parts.tokenizer.decode(free, skip_special_tokens=True)


@pytest.mark.parametrize("family", ["speech_to_text"], indirect=True)
def test_an_answer_ends_at_the_decoders_last_position(
    recogniser: EncoderDecoderAdapter, make_query: MakeQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = make_query(1.0, "")
    whole = recogniser.generate([query], 9)[0]
    monkeypatch.setattr(recogniser.model.config, "max_target_positions", 5)
    assert whole.startswith(recogniser.generate([query], 9)[0])
    assert recogniser.generate([query], 9) == recogniser.generate([query], 5)  # the fifth token needs no position


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    def build(name: str) -> Path:
        folder = tmp_path_factory.mktemp("told") / name
        RECOGNISERS[name](folder)
        return folder

    return build


@pytest.mark.parametrize(
    ("name", "told", "tokens"),
    [
        ("canary", {"language": "de"}, ["<|de|>", "<|de|>"]),
        ("canary", {"language": "German", "task": "translate"}, ["<|de|>", "<|en|>"]),
        ("cohere_asr", {"language": "de"}, ["<|de|>", "<|de|>"]),
        ("seamless_m4t", {"language": "deu"}, ["__deu__"]),
    ],
)
def test_a_language_reaches_the_prefix(
    name: str, told: dict[str, Any], tokens: list[str], checkpoint_of: Callable[[str], Path], make_query: MakeQuery
) -> None:
    adapter = loaded(checkpoint_of(name), LoadOptions(**told))
    query = make_query(1.0, "")
    prefix = adapter.parts.tokenizer.convert_ids_to_tokens(adapter._hear([query])[query.audio_hash].prefix)
    at = prefix.index(tokens[0])
    assert prefix[at : at + len(tokens)] == tokens


@pytest.mark.parametrize(
    ("name", "told", "message"),
    [
        ("canary", {"language": "tlh"}, "targets.<name>.language: .*tlh"),
        ("cohere_asr", {}, "targets.<name>.language: state what is spoken .*Supported languages: ar, de"),
        ("cohere_asr", {"language": "de", "task": "translate"}, "targets.<name>.task: .* remove it"),
        ("seamless_m4t_v2", {"language": "en"}, "targets.<name>.language: 'en' .* use one of deu, eng"),
        ("speech_to_text", {"language": "de"}, "targets.<name>.language: .* 'de': use one of none, because"),
    ],
)
def test_a_language_that_a_model_lacks_is_one_line(
    name: str, told: dict[str, Any], message: str, checkpoint_of: Callable[[str], Path]
) -> None:
    with pytest.raises(EarwitnessError, match=message) as raised:
        loaded(checkpoint_of(name), options(name).model_copy(update={"language": "", **told}))
    assert "\n" not in str(raised.value)


def test_an_attention_that_a_model_lacks_is_one_line(checkpoint_of: Callable[[str], Path]) -> None:
    with pytest.raises(EarwitnessError, match=r"has no such attention: set target\.attention to eager$"):
        loaded(checkpoint_of("speecht5"), LoadOptions())


@pytest.mark.parametrize("decoder", ["gpt2", "bart", "roberta"])
def test_a_speech_encoder_with_any_decoder_answers_as_transformers(
    decoder: str, tmp_path: Path, make_query: MakeQuery
) -> None:
    speech_encoder_decoder(tmp_path, decoder)
    adapter = loaded(tmp_path, LoadOptions())
    query = make_query(1.3, "Anna.")
    assert adapter.generate([query], TOKENS) == [own_answer(adapter, query)]
    row = adapter.forced([query], ["transcript"])[0]
    ids = torch.tensor([[*adapter._hear([query])[query.audio_hash].prefix, *row.token_ids["transcript"][:-1]]])
    with torch.inference_mode():
        own = adapter.model(**plain_sound(adapter, query), decoder_input_ids=ids).logits[
            0, -len(row.logits["transcript"]) :
        ]
    assert torch.allclose(own, row.logits["transcript"], atol=1e-4)
