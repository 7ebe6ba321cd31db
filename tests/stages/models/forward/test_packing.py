"""Packed rows attend as rows by themselves: with shared beginnings, grouped heads, windows, and token by token."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stages.models.forward.attention import KeyValues
from stages.models.forward.packing import PackedRows
from stages.models.forward.sharing import SharedPrefix

CPU = torch.device("cpu")
LENGTHS = [7, 9, 4, 5, 7, 2]
SHARED = SharedPrefix([0, 0, 2, 0, 0, 5], [0, 4, 0, 5, 7, 0])
"""Row 1 goes on from row 0, rows 3 and 4 are beginnings of it, rows 2 and 5 stand by themselves."""
SCALE = 0.3


class Rows:
    """Random queries, keys and values of every row, equal where rows share a beginning."""

    def __init__(self, heads: int, keys: int, seed: int = 0) -> None:
        drawn = torch.Generator().manual_seed(seed)
        self.of_row = [
            [torch.randn(length, count, 8, generator=drawn) for count in (heads, keys, keys)] for length in LENGTHS
        ]
        for row, (parent, length) in enumerate(zip(SHARED.parents, SHARED.lengths, strict=True)):
            for tensor, of_parent in zip(self.of_row[row], self.of_row[parent], strict=True):
                tensor[:length] = of_parent[:length]

    def packed(self, rows: PackedRows) -> list[torch.Tensor]:
        """Return queries, keys and values in the order of the sequence."""
        places = torch.empty(sum(map(len, rows.own)), dtype=torch.int64)
        source = [(row, at) for row in range(len(LENGTHS)) for at in range(SHARED.lengths[row], LENGTHS[row])]
        for number, (row, at) in enumerate(source):
            places[rows.places(row, range(at, at + 1))[0]] = number
        return [torch.stack([self.of_row[row][kind][at] for row, at in source])[places] for kind in range(3)]

    def plain(self, row: int, window: int | None) -> torch.Tensor:
        """Return a row's attention in the plain way, float[n, H, D]."""
        query, key, value = self.of_row[row]
        repeats = query.shape[1] // key.shape[1]
        key, value = (tensor.repeat_interleave(repeats, 1) for tensor in (key, value))
        scores = torch.einsum("qhd,khd->hqk", query, key) * SCALE
        apart = torch.arange(len(query))[:, None] - torch.arange(len(query))
        hidden = (apart < 0) | (apart >= (window or len(query)))
        return torch.einsum("hqk,khd->qhd", scores.masked_fill(hidden, -torch.inf).softmax(-1), value)


@pytest.mark.parametrize("window", [None, 3, 100])
@pytest.mark.parametrize(("heads", "keys"), [(4, 4), (4, 2), (4, 1)])
def test_packed_rows_attend_as_rows_by_themselves(heads: int, keys: int, window: int | None) -> None:
    rows, drawn = PackedRows(LENGTHS, SHARED, CPU), Rows(heads, keys)
    attended = rows.attend(torch.nn.Identity(), *drawn.packed(rows), SCALE, window)
    for row, length in enumerate(LENGTHS):
        found = attended[rows.places(row, range(length))]
        torch.testing.assert_close(found, drawn.plain(row, window), atol=1e-5, rtol=1e-5)


def test_a_sequence_holds_no_position_twice_and_no_padding() -> None:
    rows = PackedRows(LENGTHS, SHARED, CPU)
    held = sorted(place for own in rows.own for place in own)
    assert held == list(range(sum(LENGTHS) - sum(SHARED.lengths)))
    assert rows.own[3] == rows.own[4] == range(0)  # they are beginnings of another row
    assert rows.positions[rows.own[1].start] == 4


def test_rows_are_padded_and_packed_again() -> None:
    rows = PackedRows(LENGTHS, SharedPrefix.none(len(LENGTHS)), CPU)
    values = torch.arange(sum(LENGTHS))
    padded = rows.padded(values)
    assert padded.shape == (len(LENGTHS), max(LENGTHS))
    assert torch.equal(rows.packed(padded), values)
    assert [len(set(of_row.tolist())) for of_row in padded] == LENGTHS


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize(("heads", "keys"), [(4, 4), (4, 2)])
def test_tokens_that_follow_attend_as_in_the_whole_row(heads: int, keys: int, window: int | None) -> None:
    layer, drawn = torch.nn.Identity(), Rows(heads, keys)
    prompts = [length - 2 for length in LENGTHS[:4]]
    rows = PackedRows(prompts, SharedPrefix.none(4), CPU)
    rows.kept = held = KeyValues(torch.tensor(prompts), 2)
    parts = [[tensor[:length] for tensor in drawn.of_row[row]] for row, length in enumerate(prompts)]
    rows.attend(layer, *(torch.cat(of_kind) for of_kind in zip(*parts, strict=True)), SCALE, window)
    for step in range(2):
        new = [torch.stack([drawn.of_row[row][kind][prompts[row] + step] for row in range(4)]) for kind in range(3)]
        found = held.attend(layer, *new, SCALE, window)
        held.advance()
        for row in range(4):
            expected = drawn.plain(row, window)[prompts[row] + step]
            torch.testing.assert_close(found[row], expected, atol=1e-5, rtol=1e-5)
        if step == 0:
            held.keep(torch.arange(4))  # no row ended: a copy with the same content


def test_rows_that_end_are_dropped() -> None:
    layer = torch.nn.Identity()
    held = KeyValues(torch.tensor([1, 2, 2]), 1)
    keys = torch.from_numpy(np.arange(6, dtype=np.float32)).reshape(3, 2, 1, 1)
    held.begin(layer, keys, keys)
    held.keep(torch.tensor([0, 2]))
    found = held.attend(layer, torch.zeros(2, 1, 1), torch.zeros(2, 1, 1), torch.tensor([[[9.0]], [[7.0]]]), 1.0, None)
    assert found.flatten().tolist() == pytest.approx([(0 + 9) / 2, (4 + 5 + 7) / 3])
