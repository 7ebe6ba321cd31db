"""Rows of a batch end at different steps, and each answer is as if its row ran alone."""

from __future__ import annotations

import pytest
import torch

from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.forward.answering import AnswerRules, greedy_answers
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.recognisers import moonshine

ROWS = 8
TOKENS = 12


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> EncoderDecoderAdapter:
    folder = tmp_path_factory.mktemp("answering")
    moonshine(folder)
    found = load_checkpoint(folder.as_posix(), LoadOptions())
    assert isinstance(found, EncoderDecoderAdapter)
    return found


def answers(adapter: EncoderDecoderAdapter, states: torch.Tensor, ends: tuple[int, ...]) -> list[list[int]]:
    settings = adapter.model.generation_config
    settings.repetition_penalty = 1.5
    prefixes = [[adapter._end]] * len(states)
    return greedy_answers(adapter.decoder, adapter.head, states, prefixes, AnswerRules(settings, ends, TOKENS))


def test_rows_that_have_ended_leave_the_batch(adapter: EncoderDecoderAdapter) -> None:
    states = 3 * torch.randn(ROWS, 20, adapter.model.config.hidden_size, generator=torch.Generator().manual_seed(7))
    free = answers(adapter, states, (-1,))
    assert all(len(row) == TOKENS for row in free)
    ends = tuple(row[at + 1] for at, row in enumerate(free[:6]))
    expected = [row[: next((at for at, token in enumerate(row) if token in ends), TOKENS)] for row in free]
    assert len({len(row) for row in expected}) > 2
    widths: list[int] = []
    hook = adapter.decoder.register_forward_pre_hook(lambda _, values: widths.append(len(values[0])))
    assert answers(adapter, states, ends) == expected
    hook.remove()
    assert [answers(adapter, states[at : at + 1], ends)[0] for at in range(ROWS)] == expected
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] <= ROWS / 2


def test_nothing_runs_after_the_last_row_has_ended(adapter: EncoderDecoderAdapter) -> None:
    states = torch.randn(2, 20, adapter.model.config.hidden_size, generator=torch.Generator().manual_seed(8))
    free = answers(adapter, states, (-1,))
    runs: list[object] = []
    hook = adapter.decoder.register_forward_pre_hook(lambda *_: runs.append(None))
    assert answers(adapter, states, (free[0][0], free[1][0])) == [[], []]
    hook.remove()
    assert len(runs) == 1
