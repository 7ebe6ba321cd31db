"""What rows share changes no number, and what is generated alone is generated in any company."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from stages.core.config.shared import SLICES
from stages.models.adapter import Adapter, Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.forward.sharing import SharedPrefix, common_beginnings
from stages.models.forward.sounds import SoundCache, stacked
from tests.stages.models.plain import IGNORED, plain_batch

MakeQuery = Callable[..., Query]


@pytest.fixture
def neighbours(make_query: MakeQuery) -> list[Query]:
    """Rows of three sounds: other texts and instructions, the same twice, one that is another's beginning, an empty."""
    texts = ["Anna buys the apple.", "Anna sells the apple.", "Anna buys", "", "Anna buys the apple.", "x" * 50]
    return [
        *(make_query(1.3, text) for text in texts),
        make_query(1.3, "Anna.", instruction="Who speaks?"),
        make_query(3.1, "Anna.", seed=1),
        make_query(3.1, "Anna buys.", seed=1),
        make_query(0.7, "Anna.", seed=2),
    ]


@torch.inference_mode()
def plain(adapter: Qwen2AudioAdapter, query: Query) -> torch.Tensor:
    """Return the transcript's log-probabilities by the model's own forward over one row."""
    batch = plain_batch(adapter, [query])
    labels = batch.pop("labels")[0]
    at = (labels != IGNORED).nonzero()[:, 0]
    logits: Any = adapter.model(**batch).logits[0, at - 1]
    return torch.log_softmax(logits, -1).gather(1, labels[at][:, None])[:, 0]


def first(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None])[:, 0], "ids": token_ids.float()}


def test_shared_rows_are_those_of_the_plain_forward(adapter: Qwen2AudioAdapter, neighbours: list[Query]) -> None:
    for query, row in zip(neighbours, adapter.reduced(neighbours, ["transcript"], first), strict=True):
        torch.testing.assert_close(
            row.statistics["transcript"]["logprob"], plain(adapter, query), atol=1e-4, rtol=0, msg=query.text
        )


def test_reducing_is_that_of_whole_logits(
    adapter: Qwen2AudioAdapter, neighbours: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.models.forward.rows.LOGITS_AT_ONCE", 1000)  # three rows at a time
    whole = Adapter.reduced(adapter, neighbours, SLICES, first)
    for one, other in zip(adapter.reduced(neighbours, SLICES, first), whole, strict=True):
        for name in SLICES:
            assert torch.equal(one.token_ids[name], other.token_ids[name])
            torch.testing.assert_close(one.statistics[name], other.statistics[name], atol=1e-4, rtol=0)
        torch.testing.assert_close(one.hidden, other.hidden)
        torch.testing.assert_close(one.encoder, other.encoder)


def test_no_instruction_gives_empty_statistics(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    row = adapter.reduced([make_query(1.0, "a", instruction="")], ["instruction"], first)[0]
    assert row.statistics["instruction"]["logprob"].shape == (0,)


def test_answers_are_those_of_the_models_own_generation(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    queries = [make_query(seconds, "", seed=at) for at, seconds in enumerate((0.5, 3.0, 1.2))]
    tokenizer = adapter.parts.tokenizer
    alone = []
    for query in queries:
        batch = plain_batch(adapter, [query])
        prompt = (batch.pop("labels")[0] == IGNORED).sum()
        ids = batch.pop("input_ids")[:, :prompt]
        batch["attention_mask"] = torch.ones_like(ids)
        end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        made = adapter.model.generate(input_ids=ids, **batch, max_new_tokens=12, do_sample=False, eos_token_id=end)
        alone.append(tokenizer.decode(made[0, prompt:], skip_special_tokens=True))
    assert adapter.generate(queries, 12) == alone


def test_an_answer_ends_where_the_model_ends_it(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    query, other = make_query(1.0, ""), make_query(2.0, "", seed=1)
    end = adapter.parts.tokenizer.convert_tokens_to_ids("<|im_end|>")
    row = adapter.forced([query], ["transcript"])[0]
    with torch.no_grad():  # the end becomes what this query's prompt makes most probable
        adapter.model.lm_head.weight[end] = 3 * adapter.model.lm_head.weight[row.logits["transcript"][0].argmax()]
    alone = adapter.generate([other], 6)[0]
    assert adapter.generate([other, query], 6) == [alone, ""]


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([[1, 2, 3], [1, 2, 4], [1, 2]], SharedPrefix([0, 0, 0], [0, 2, 2])),
        ([[1, 2, 3], [1, 9, 3]], SharedPrefix([0, 1], [0, 0])),  # less than the sound in common
    ],
)
def test_what_rows_begin_with_in_common(rows: list[list[int]], shared: SharedPrefix) -> None:
    assert common_beginnings(rows, ["a"] * len(rows), [2] * len(rows)) == shared


def test_rows_of_other_sounds_share_nothing() -> None:
    assert common_beginnings([[1, 2], [1, 2]], ["a", "b"], [1, 1]) == SharedPrefix([0, 1], [0, 0])


def test_trimmed_features_are_those_of_the_whole_window(adapter: Qwen2AudioAdapter, make_query: MakeQuery) -> None:
    queries = [make_query(seconds, "", seed=at) for at, seconds in enumerate((0.05, 1.0, 1.2345, 3.99, 5.0))]
    extractor = adapter.parts.extractor
    whole = SoundCache(extractor, adapter.window_seconds).get(queries)
    trimmed = SoundCache(extractor, adapter.window_seconds, trimmed=True).get(queries)
    assert torch.equal(stacked(trimmed, 400), torch.stack([sound.features for sound in whole]))
    assert [sound.frames for sound in trimmed] == [sound.frames for sound in whole]
    assert all(len(sound.features[0]) >= min(sound.frames + 2, 400) for sound in trimmed)
