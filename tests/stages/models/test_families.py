"""The contract of every family's adapter, on a small checkpoint of it, through the real loading code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models
from transformers import GraniteSpeechFeatureExtractor, PreTrainedTokenizerFast

from stages.core.config.shared import SLICES
from stages.core.errors import EarwitnessError
from stages.core.results.components import COMPONENTS
from stages.core.sound.audio import RATE, audio_hash
from stages.core.store.codeversion import code_version
from stages.logits.probe import ProbeBatch
from stages.logits.probes.curvature import curvature
from stages.models.adapter import ADAPTERS, Adapter, Forced, Query
from stages.models.audibility import audio_effect, is_audible
from stages.models.families.composed import ComposedAdapter
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.families.generic import GenericAdapter, WholeAdapter
from stages.models.families.granite_speech import GraniteSpeechAdapter
from stages.models.families.phi4_multimodal import Phi4MultimodalAdapter
from stages.models.families.placeholder import PlaceholderAdapter
from stages.models.families.windowed import WindowedAdapter
from stages.models.forward.parts import Transcripts
from stages.models.forward.runs import EncodedAudio
from stages.models.loading import load_checkpoint, model_code
from stages.models.options import LoadOptions
from tests.stages.models.families import BUILDERS, options
from tests.stages.models.plain import plain_arguments
from tests.stages.models.small import MELS, WINDOW
from tests.stages.models.sound_families import EVERY, SOUND_BUILDERS

MakeQuery = Callable[..., Query]
PLACEHOLDERS = [
    "qwen2_audio",
    "audioflamingo3",
    "glmasr",
    "voxtral",
    "granite_speech",
    "granite_speech_plus",
    "qwen2_5_omni",
    "qwen2_5_omni_thinker",
    "qwen3_omni_moe",
    "qwen3_omni_moe_thinker",
    "phi4_multimodal",
    *SOUND_BUILDERS,
]


@pytest.fixture(scope="session")
def listener(family: tuple[str, Path]) -> Adapter:
    name, folder = family
    return load_checkpoint(folder.as_posix(), options(name))


@pytest.fixture(scope="session")
def sixteen(make_query: MakeQuery) -> list[Query]:
    """Sixteen rows: ultra-short, over-long, empty, two sounds that several texts share."""
    rows = [
        make_query(1.3, "Anna buys the apple."),
        make_query(0.01, "", seed=1),
        make_query(WINDOW + 1.5, "x" * 40, seed=2),
        make_query(3.0, "Grüße, 日本!", instruction="What is the speaker's gender?", seed=3),
        make_query(1.3, "Another text."),
        make_query(3.0, "Another question.", instruction="Who speaks?", seed=3),
    ]
    return rows + [make_query(0.4 + 0.25 * number, "a b" * (number + 1), seed=10 + number) for number in range(10)]


@pytest.fixture(scope="session")
def together(listener: Adapter, sixteen: list[Query]) -> list[Forced]:
    return listener.forced(sixteen, SLICES)


def answer(row: Forced) -> torch.Tensor:
    of_tokens = torch.log_softmax(row.logits["transcript"], -1)
    return of_tokens.gather(1, row.token_ids["transcript"][:, None]).squeeze(1)


def test_every_family_is_here() -> None:
    assert {*EVERY, "endpoint"} == set(ADAPTERS)  # an endpoint has tests of its own


def test_the_record_names_the_adapter_whose_code_its_rows_depend_on(listener: Adapter) -> None:
    assert ADAPTERS[listener.model.config.model_type] is type(listener)


def test_every_family_has_a_version_of_its_own() -> None:
    modules = {ADAPTERS[name].__module__ for name in ADAPTERS}
    versions = {module: code_version(module) for module in modules}
    assert len(set(versions.values())) == len(modules)
    assert {model_code(name)[-1] for name in ADAPTERS} == set(versions.values())


def test_components_hold_every_weight_once(listener: Adapter) -> None:
    parts = listener.components()
    assert tuple(parts) == COMPONENTS
    held = [{id(weight) for module in parts[name] for weight in module.parameters()} for name in COMPONENTS]
    every = {id(weight) for weight in listener.model.parameters()}
    assert set.union(*held) == every
    assert sum(map(len, held)) == len(every)
    assert len(held[0]) > 0
    assert len(held[2]) > 0


def test_what_projects_connects(listener: Adapter) -> None:
    projecting = {id(weight) for module in listener.components()["connector"] for weight in module.parameters()}
    assert bool(projecting) is (isinstance(listener, PlaceholderAdapter) or hasattr(listener.model, "enc_to_dec_proj"))
    sound = [weight for weight in listener.model.parameters() if id(weight) in projecting]
    assert all(1 <= weight.ndim <= 3 for weight in sound)


def test_the_loss_by_the_sound_is_the_loss(listener: Adapter, sixteen: list[Query]) -> None:
    loss, embedded = listener.loss_by_sound(sixteen[0])
    assert loss.item() == pytest.approx(listener.loss(sixteen[:1]).item(), abs=1e-5)
    (gradient,) = torch.autograd.grad(loss, embedded)
    assert embedded.ndim == 2
    assert gradient.abs().max() > 0


def test_curvature_measures_one_quantity_of_every_family(listener: Adapter, make_query: MakeQuery) -> None:
    query = make_query(0.4, "a")
    trace, smallest, largest = curvature(listener, ProbeBatch(query, [], []))
    assert trace is not None
    assert smallest is not None
    assert largest is not None
    assert smallest < largest


def test_a_row_alone_is_as_in_a_batch(listener: Adapter, sixteen: list[Query], together: list[Forced]) -> None:
    for query, row in zip(sixteen, together, strict=True):
        alone = listener.forced([query], SLICES)[0]
        for name in SLICES:
            one, other = torch.log_softmax(row.logits[name], -1), torch.log_softmax(alone.logits[name], -1)
            assert torch.allclose(one, other, atol=1e-4, rtol=0)
        assert torch.equal(row.token_ids["transcript"], alone.token_ids["transcript"])
        assert torch.allclose(row.encoder, alone.encoder, atol=1e-4)
        assert torch.allclose(row.hidden, alone.hidden, atol=1e-4)


def test_logits_are_as_long_as_ids_and_finite(together: list[Forced]) -> None:
    for row in together:
        assert all(len(row.logits[name]) == len(row.token_ids[name]) for name in SLICES)
        assert all(torch.isfinite(row.logits[name]).all() for name in SLICES)
        assert len(row.token_ids["transcript"]) >= 1
        assert row.encoder.ndim == row.hidden.ndim == 1
        assert torch.isfinite(row.encoder).all()
        assert torch.isfinite(row.hidden).all()


def reduce(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None]).squeeze(1)}


def test_a_reduced_row_alone_is_as_in_a_batch_that_shares_its_sound(listener: Adapter, sixteen: list[Query]) -> None:
    for query, row in zip(sixteen, listener.reduced(sixteen, SLICES, reduce), strict=True):
        alone = listener.reduced([query], SLICES, reduce)[0]
        assert torch.equal(row.token_ids["transcript"], alone.token_ids["transcript"])
        for name in ("instruction", "transcript"):
            one, other = row.statistics[name]["logprob"], alone.statistics[name]["logprob"]
            assert torch.allclose(one, other, atol=1e-4, rtol=0)
        assert row.seconds_cut == alone.seconds_cut


def test_reducing_gives_what_the_logits_give(listener: Adapter, sixteen: list[Query], together: list[Forced]) -> None:
    for row, forced in zip(listener.reduced(sixteen, SLICES, reduce), together, strict=True):
        assert torch.equal(row.token_ids["transcript"], forced.token_ids["transcript"])
        assert torch.allclose(row.statistics["transcript"]["logprob"], answer(forced), atol=1e-4)
        assert all(len(row.statistics[name]["logprob"]) == len(row.token_ids[name]) for name in SLICES)
        assert torch.allclose(row.hidden, forced.hidden, atol=1e-4)


def test_the_cut_is_recorded(listener: Adapter, make_query: MakeQuery) -> None:
    listener_window = listener.window_seconds
    if listener_window > 60:
        assert listener.forced([make_query(5.0, "a")], ["transcript"])[0].seconds_cut == 0.0
        return
    long = make_query(listener_window + 1.5, "Anna.", seed=5)
    samples = long.samples[: round(RATE * listener_window)]
    inside = replace(long, samples=samples, audio_hash=audio_hash(samples))
    whole, part = listener.forced([long, inside], ["transcript"])
    assert whole.seconds_cut == pytest.approx(1.5)
    assert part.seconds_cut == 0.0
    assert torch.allclose(answer(whole), answer(part), atol=1e-4)


def test_other_audio_changes_the_likelihood(listener: Adapter) -> None:
    assert is_audible(audio_effect(listener, 7), 0.001)


def test_a_family_whose_encoder_says_nothing_is_found_deaf(listener: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(listener, PlaceholderAdapter):
        hear = listener.hear
        monkeypatch.setattr(
            listener, "hear", lambda queries: {name: deaf(heard) for name, heard in hear(queries).items()}
        )
        effect = audio_effect(listener, 7)
    else:
        hook = listener.model.get_encoder().register_forward_hook(silenced)
        effect = audio_effect(listener, 7)
        hook.remove()
    assert max(effect.values()) < 1e-6
    assert not is_audible(effect, 0.001)


def deaf(heard: EncodedAudio) -> EncodedAudio:
    """Return a sound after an encoder that says nothing."""
    return replace(heard, state=torch.zeros_like(heard.state), embedded=torch.zeros_like(heard.embedded))


def silenced(module: torch.nn.Module, inputs: object, output: Any) -> Any:
    """Return an encoder's output with nothing in it."""
    output.last_hidden_state = torch.zeros_like(output.last_hidden_state)
    return output


def test_log_probabilities_are_those_of_the_models_own_loss(listener: Adapter, make_query: MakeQuery) -> None:
    query = make_query(2.0, "Anna buys the apple.", seed=4)
    mean = -answer(listener.forced([query], ["transcript"])[0]).mean().item()
    with torch.inference_mode():
        trained_by = listener.loss([query]).item()
    assert trained_by == pytest.approx(mean, abs=1e-5)
    if not isinstance(listener, ComposedAdapter):  # which has no forward over sounds of its own
        with torch.inference_mode():
            own = listener.model(**plain_arguments(listener, query)).loss.item()
        assert own == pytest.approx(mean, abs=1e-5)


def test_a_training_step_reaches_encoder_and_decoder(listener: Adapter, sixteen: list[Query]) -> None:
    listener.model.zero_grad()
    listener.loss(sixteen[:4]).backward()
    reached = {
        name: any(weight.grad is not None for module in modules for weight in module.parameters())
        for name, modules in listener.components().items()
    }
    listener.model.zero_grad()
    assert reached["encoder"] or reached["connector"]  # VibeVoice-ASR trains its projector alone
    assert reached["language_model"]


def test_answers_are_greedy_and_do_not_depend_on_the_batch(listener: Adapter, sixteen: list[Query]) -> None:
    made = listener.generate(sixteen, 6)
    assert made[0] == made[4]
    assert [listener.generate([query], 6)[0] for query in sixteen] == made


def test_a_saved_checkpoint_gives_the_same_numbers(
    listener: Adapter, family: tuple[str, Path], sixteen: list[Query], together: list[Forced], tmp_path: Path
) -> None:
    listener.save(tmp_path / "saved")
    again = load_checkpoint((tmp_path / "saved").as_posix(), options(family[0]))
    for row, one in zip(again.forced(sixteen[:4], SLICES), together, strict=False):
        assert torch.allclose(answer(row), answer(one), atol=1e-4)


def test_a_text_that_spells_a_special_token_is_text(listener: Adapter, make_query: MakeQuery) -> None:
    row = listener.forced([make_query(1.0, "<|im_end|>")], ["transcript"])[0]
    assert len(row.token_ids["transcript"]) > 2


def test_silence_is_heard_without_a_nan(listener: Adapter, make_query: MakeQuery) -> None:
    samples = np.zeros(RATE, np.float32)
    query = replace(make_query(1.0, "Anna."), samples=samples, audio_hash=audio_hash(samples))
    assert torch.isfinite(answer(listener.forced([query], ["transcript"])[0])).all()


def test_a_transcript_beyond_the_decoders_positions_is_one_line(tmp_path: Path, make_query: MakeQuery) -> None:
    BUILDERS["whisper"](tmp_path / "whisper")
    whisper = load_checkpoint((tmp_path / "whisper").as_posix(), LoadOptions())
    with pytest.raises(EarwitnessError, match="does not fit the decoder's 128 positions") as raised:
        whisper.forced([make_query(1.0, "x" * 200)], ["transcript"])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("family", PLACEHOLDERS, indirect=True)
def test_the_models_own_forward_gives_the_same_logits(listener: Adapter, make_query: MakeQuery) -> None:
    assert isinstance(listener, PlaceholderAdapter)
    query = make_query(2.6, "Anna buys the apple.", seed=6)
    row = listener._row(query, listener.hear([query])[query.audio_hash])
    ids = torch.tensor([row.token_ids])
    with torch.inference_mode():
        made = listener.model(**plain_arguments(listener, query))
    own = torch.log_softmax(made.logits[0, row.answer.start - 1 : row.answer.stop - 1].float(), -1)
    one = torch.log_softmax(listener.forced([query], ["transcript"])[0].logits["transcript"], -1)
    assert torch.allclose(own, one, atol=1e-4)
    between = sum(token != listener.audio_id for token in row.token_ids[row.audio.start : row.audio.stop])
    assert len(row.audio) == int((ids == listener.audio_id).sum()) + between
    assert between == 0 or isinstance(listener, WholeAdapter)  # which write the time there


@pytest.mark.parametrize("family", PLACEHOLDERS, indirect=True)
def test_answers_are_those_of_the_models_own_generate(listener: Adapter, make_query: MakeQuery) -> None:
    assert isinstance(listener, PlaceholderAdapter)
    query = make_query(1.7, "", seed=7)
    arguments = plain_arguments(listener, query)
    prompt = arguments["input_ids"].shape[1] - 1
    of_text = {name: arguments.pop(name)[:, :prompt] for name in ("input_ids", "attention_mask")}
    del arguments["labels"]
    ends = {"eos_token_id": list(listener._rules(8).ends), "pad_token_id": listener._end}
    with torch.inference_mode():
        made = listener.model.generate(**of_text, **arguments, **ends, max_new_tokens=8, do_sample=False)[0, prompt:]
    assert listener.generate([query], 8) == [listener.parts.tokenizer.decode(made, skip_special_tokens=True)]


@pytest.mark.parametrize("family", ["audioflamingo3", "qwen3_asr"], indirect=True)
def test_a_merge_that_is_not_the_models_is_one_line(listener: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(listener, GenericAdapter)
    listener.verify()
    encode = listener.encode
    monkeypatch.setattr(
        listener, "encode", lambda batch, sounds: [(state, one.roll(1, 0)) for state, one in encode(batch, sounds)]
    )
    with pytest.raises(EarwitnessError, match=r"scores differ by .* nats from those of its own forward") as raised:
        listener.verify()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("family", ["audioflamingo3", "glmasr", "musicflamingo"], indirect=True)
@pytest.mark.parametrize("seconds", [0.3, 1.9, 2.03, 3.3])
def test_a_last_window_may_be_short(listener: Adapter, make_query: MakeQuery, seconds: float) -> None:
    assert isinstance(listener, WindowedAdapter)
    row = listener.forced([make_query(seconds, "a", seed=8)], ["audio", "transcript"])[0]
    assert len(row.token_ids["audio"]) >= 1
    assert torch.isfinite(answer(row)).all()


def granite(folder: Path) -> GraniteSpeechAdapter:
    BUILDERS["granite_speech"](folder)
    adapter = load_checkpoint(folder.as_posix(), LoadOptions())
    assert isinstance(adapter, GraniteSpeechAdapter)
    return adapter


def test_granites_logits_are_scaled_as_its_causal_models(tmp_path: Path) -> None:
    adapter = granite(tmp_path / "granite")
    adapter.decoder.config.logits_scaling = 4.0
    hidden = torch.randn(3, adapter.decoder.config.hidden_size)
    assert torch.allclose(adapter.head(hidden) * 4, adapter.model.lm_head(hidden), atol=1e-6)


def test_granites_features_are_those_of_its_extractor(tmp_path: Path, make_query: MakeQuery) -> None:
    pytest.importorskip("torchaudio", reason="the extractor that they are held against needs torchaudio")
    adapter = granite(tmp_path / "granite")
    samples = make_query(1.23, "", seed=9).samples
    theirs = GraniteSpeechFeatureExtractor(n_mels=MELS)([samples])["input_features"]
    assert torch.allclose(theirs, adapter.inputs(samples).tensors["input_features"], atol=1e-4)


def test_granites_features_of_a_tone_peak_at_its_pitch(tmp_path: Path) -> None:
    adapter = granite(tmp_path / "granite")
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), MELS + 2) / 2595) - 1)
    for band in (4, 9, 13):  # HTK's mel scale: the bands' centres in Hz
        tone = np.sin(2 * np.pi * edges[band + 1] * np.arange(RATE) / RATE).astype(np.float32)
        frames = adapter.inputs(tone).tensors["input_features"].reshape(-1, MELS)
        assert frames.shape[0] == 100  # a second's 101 frames, two by two
        assert (frames[2:-2].argmax(1) == band).all()


def test_phi4s_updates_for_speech_are_merged(tmp_path: Path, make_query: MakeQuery) -> None:
    folder, query = tmp_path / "phi", make_query(1.0, "Anna.")
    BUILDERS["phi4_multimodal"](folder)
    plain = load_checkpoint(folder.as_posix(), LoadOptions())
    before = answer(plain.forced([query], ["transcript"])[0])
    config = LoraConfig(r=4, target_modules=["qkv_proj"], init_lora_weights=False)
    updated = get_peft_model(plain.model, config)
    with torch.no_grad():
        for name, weight in updated.named_parameters():
            if "lora_" in name:
                weight.normal_(std=0.3)
    updated.save_pretrained(folder / Phi4MultimodalAdapter.updates)
    after = answer(load_checkpoint(folder.as_posix(), LoadOptions()).forced([query], ["transcript"])[0])
    with_updates = answer(plain.forced([query], ["transcript"])[0])  # which the wrapping put into the plain model
    assert not torch.allclose(after, before, atol=1e-2)
    assert torch.allclose(after, with_updates, atol=1e-4)


def test_a_character_without_a_token_is_one_line(
    listener: Adapter, make_query: MakeQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(listener, PlaceholderAdapter | EncoderDecoderAdapter)
    tokenizer = listener.parts.tokenizer
    monkeypatch.setattr(type(tokenizer), "unk_token_id", tokenizer.convert_tokens_to_ids("B"), raising=False)
    assert len(listener.forced([make_query(1.0, "Anna")], ["transcript"])[0].token_ids["transcript"]) >= 2
    with pytest.raises(EarwitnessError, match=r"no token for a part of the transcript ' ?Berta'") as raised:
        listener.forced([make_query(1.0, "Berta")], ["transcript"])
    assert "\n" not in str(raised.value)


def test_a_letter_that_a_tokenizer_leaves_out_is_one_line() -> None:
    letters = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE({"A": 0, "n": 1, "a": 2}, [])))
    assert letters("Anna, B")["input_ids"] == [0, 1, 1, 2]
    assert Transcripts(letters).ids("Anna, ") == [0, 1, 1, 2]
    with pytest.raises(EarwitnessError, match="no token for a part of the transcript 'Anna, B'"):
        Transcripts(letters).ids("Anna, B")
