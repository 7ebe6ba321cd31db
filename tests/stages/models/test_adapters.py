"""The contract of every adapter, and what is known of Qwen2-Audio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.core.config.shared import SLICES
from stages.core.errors import EarwitnessError
from stages.models.adapter import Forced, Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.forward.prompt import Chat, build_prompt
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.plain import IGNORED, plain_batch

MakeQuery = Callable[..., Query]


@pytest.fixture
def mixed(make_query: MakeQuery) -> list[Query]:
    """Short, long, ultra-short, over-long and empty, in one batch; two of them with the same sound."""
    return [
        make_query(1.3, "Anna buys the apple."),
        make_query(0.05, "", seed=1),
        make_query(5.5, "x" * 60, seed=2),
        make_query(3.0, "Grüße, 日本!", instruction="What is the speaker's gender?", seed=3),
        make_query(1.3, "Another text."),
    ]


def answer_log_probability(forced: Forced) -> torch.Tensor:
    of_tokens = torch.log_softmax(forced.logits["transcript"], -1)
    return of_tokens.gather(1, forced.token_ids["transcript"][:, None]).squeeze(1)


def test_rows_do_not_depend_on_their_batch(adapter: Qwen2AudioAdapter, mixed: list[Query]) -> None:
    together = adapter.forced(mixed, SLICES)
    for query, row in zip(mixed, together, strict=True):
        alone = adapter.forced([query], SLICES)[0]
        for name in SLICES:
            assert torch.allclose(row.logits[name], alone.logits[name], atol=1e-4)
        assert torch.equal(row.token_ids["transcript"], alone.token_ids["transcript"])
        assert torch.allclose(row.encoder, alone.encoder, atol=1e-4)
        assert torch.allclose(row.hidden, alone.hidden, atol=1e-4)


def test_slices_hold_what_they_are_named_for(adapter: Qwen2AudioAdapter, mixed: list[Query]) -> None:
    tokenizer = adapter.parts.tokenizer
    for query, row in zip(mixed, adapter.forced(mixed, SLICES), strict=True):
        assert tokenizer.decode(row.token_ids["instruction"]) == query.instruction
        assert tokenizer.decode(row.token_ids["transcript"]) == query.text + "<|im_end|>"
        assert all(len(row.logits[name]) == len(row.token_ids[name]) for name in SLICES)
        assert torch.equal(row.token_ids["audio"], row.logits["audio"].argmax(-1))


def test_what_the_window_cuts_is_recorded(adapter: Qwen2AudioAdapter, mixed: list[Query]) -> None:
    assert adapter.window_seconds == 4.0
    cut = [row.seconds_cut for row in adapter.forced(mixed, ["transcript"])]
    assert cut == pytest.approx([0.0, 0.0, 1.5, 0.0, 0.0])


def test_what_was_cut_was_not_heard(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    whole = make_query(5.5, "Anna.")
    inside = replace(whole, samples=whole.samples[:64_000], audio_hash="inside")
    one, other = (adapter.forced([query], ["transcript"])[0] for query in (whole, inside))
    assert torch.allclose(one.logits["transcript"], other.logits["transcript"], atol=1e-5)


def test_positions_of_audio_follow_its_length(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    # 100 frames a second, halved by the second convolution and halved again by pooling: 25 a second
    counts = [len(adapter.forced([make_query(s, "a")], ["audio"])[0].token_ids["audio"]) for s in (1.0, 2.0, 0.05)]
    assert counts == [25, 50, 5]  # 0.05 s are padded to 0.2


def test_log_probabilities_are_those_of_the_models_own_loss(adapter: Qwen2AudioAdapter, mixed: list[Query]) -> None:
    rows = torch.cat([answer_log_probability(row) for row in adapter.forced(mixed, ["transcript"])])
    with torch.inference_mode():
        own = adapter.model(**plain_batch(adapter, mixed)).loss
        trained_by = adapter.loss(mixed)
    assert own.item() == pytest.approx(-rows.mean().item(), abs=1e-5)
    assert own.item() == pytest.approx(trained_by.item(), abs=1e-5)


def test_what_training_learns_from_is_the_models_own_gradient(adapter: Qwen2AudioAdapter, mixed: list[Query]) -> None:
    gradients = []
    for loss in (adapter.loss(mixed), adapter.model(**plain_batch(adapter, mixed)).loss):
        adapter.model.zero_grad()
        loss.backward()
        gradients.append(
            {name: weight.grad.clone() for name, weight in adapter.model.named_parameters() if weight.grad is not None}
        )
    adapter.model.zero_grad()
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-5), name


def test_only_the_answer_is_trained(adapter: Qwen2AudioAdapter, mixed: list[Query]) -> None:
    labels = plain_batch(adapter, mixed)["labels"]
    tokenizer = adapter.parts.tokenizer
    for query, row in zip(mixed, labels, strict=True):
        assert tokenizer.decode(row[row != IGNORED]) == query.text + "<|im_end|>"


def test_a_transcript_that_spells_a_special_token_is_text(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    row = adapter.forced([make_query(1.0, "<|im_end|>")], ["transcript"])[0]
    assert len(row.token_ids["transcript"]) == len("<|im_end|>") + 1


def test_generating_is_greedy(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    query = make_query(1.0, "")
    first = adapter.generate([query], 1)[0]
    best = adapter.forced([query], ["transcript"])[0].logits["transcript"][0].argmax()
    assert first == adapter.parts.tokenizer.decode(best, skip_special_tokens=True)
    assert adapter.generate([query, make_query(2.0, "", seed=1)], 4)[0] == adapter.generate([query], 4)[0]


def test_a_saved_checkpoint_gives_the_same_numbers(
    adapter: Qwen2AudioAdapter, checkpoint: Path, mixed: list[Query]
) -> None:
    loaded = load_checkpoint(checkpoint.as_posix(), LoadOptions())
    for one, other in zip(adapter.forced(mixed, SLICES), loaded.forced(mixed, SLICES), strict=True):
        assert torch.allclose(one.logits["transcript"], other.logits["transcript"], atol=1e-6)


def test_attention_implementations_agree(checkpoint: Path, mixed: list[Query]) -> None:
    eager, sdpa = (load_checkpoint(checkpoint.as_posix(), LoadOptions(attention=kind)) for kind in ("eager", "sdpa"))
    for one, other in zip(eager.forced(mixed, SLICES), sdpa.forced(mixed, SLICES), strict=True):
        assert torch.allclose(one.logits["transcript"], other.logits["transcript"], atol=1e-4)


def test_a_folder_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(EarwitnessError, match="cannot be loaded"):
        load_checkpoint(tmp_path.as_posix(), LoadOptions())


def test_an_instruction_that_the_template_drops_is_refused(adapter: Qwen2AudioAdapter) -> None:
    chat = Chat(adapter.parts.tokenizer, "{% for m in messages %}<|AUDIO|>{% endfor %}", adapter.audio_id)
    with pytest.raises(EarwitnessError, match="cannot hold one sound and 'Transcribe'"):
        build_prompt(chat, "Transcribe")


def test_the_released_chat_template_is_understood(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    # That of Qwen2-Audio's processor, which spells out roles and puts a line break after the audio.
    processor = adapter.parts.processor
    processor.chat_template = processor.default_chat_template
    row = Qwen2AudioAdapter(adapter.parts).forced([make_query(1.0, "Anna.")], SLICES)[0]
    decode = adapter.parts.tokenizer.decode
    assert decode(row.token_ids["instruction"]) == "Transcribe the speech."
    assert decode(row.token_ids["transcript"]) == "Anna.<|im_end|>"


def test_features_are_kept_within_their_bound(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    one = make_query(1.0, "a")
    first, again = adapter._sounds.get([one])[0], adapter._sounds.get([one])[0]
    assert first is again
    assert np.isfinite(first.features.numpy()).all()
