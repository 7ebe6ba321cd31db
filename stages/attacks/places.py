"""Where each row of `tokens.parquet` belongs: its clip, how it was made, and by which role and prompt it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.attacks.ragged import Ints


class View(NamedTuple):
    """What is compared like with like, without the role."""

    slice: str
    condition: str
    instruction: int

    @property
    def name(self) -> str:
        """As in ``evaluation.primary_attacks``: ``transcript/given/0``."""
        return f"{self.slice}/{self.condition}/{self.instruction}"


class Places:
    """The neighbours of a corpus, by id.

    Parameters
    ----------
    neighbours : pa.Table
        With neighbour_id, clip_id, kind and perturbation.
    clip_ids : sequence of str
        The corpus's clips, in their order.

    Attributes
    ----------
    clip : intp[m]
        Index of each neighbour's clip.
    original, audio, around : bool[m]
        Whether it is the clip itself; its transcript with changed audio; a neighbour, of changed audio or text (a
        pairing is another clip, not a neighbour).
    perturbation : list of str
    """

    def __init__(self, neighbours: pa.Table, clip_ids: Sequence[str]) -> None:
        self.ids: list[str] = neighbours["neighbour_id"].to_pylist()
        self._at = {neighbour_id: row for row, neighbour_id in enumerate(self.ids)}
        place = {clip_id: row for row, clip_id in enumerate(clip_ids)}
        self.clip: Ints = np.array([place[clip_id] for clip_id in neighbours["clip_id"].to_pylist()], np.intp)
        kinds = neighbours["kind"].to_pylist()
        self.original = np.array([kind == "original" for kind in kinds], np.bool_)
        self.audio = np.array([kind == "audio" for kind in kinds], np.bool_)
        self.around = np.array([kind in {"audio", "text"} for kind in kinds], np.bool_)
        self.perturbation: list[str] = neighbours["perturbation"].to_pylist()

    def rows(self, table: pa.Table) -> Ints:
        """Return the index of each row's neighbour: intp[rows]."""
        return np.array([self._at[neighbour_id] for neighbour_id in table["neighbour_id"].to_pylist()], np.intp)


def seen_by(table: pa.Table) -> list[tuple[str, View, NDArray[np.bool_]]]:
    """Return which rows each role saw in each view: (role, view, bool[rows]), sorted."""
    parts = [table[name].cast(pa.string()) for name in ("role", "slice", "condition", "instruction")]
    keys = pc.binary_join_element_wise(*parts, "\n").combine_chunks().dictionary_encode()
    codes = keys.indices.to_numpy(zero_copy_only=False)
    found = []
    for code, key in enumerate(keys.dictionary.to_pylist()):
        role, slice_, condition, instruction = key.split("\n")
        found.append((role, View(slice_, condition, int(instruction)), codes == code))
    return sorted(found, key=lambda item: item[:2])
