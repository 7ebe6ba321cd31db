"""Find each row of `tokens.parquet`: its clip, its perturbation, and the role and prompt that it belongs to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.attacks.pac import PERTURBATION
from stages.attacks.ragged import Ints
from stages.core.results.attackname import AttackName


class View(NamedTuple):
    """Slice, prompting condition and instruction: only scores of the same view are compared."""

    slice: str
    condition: str
    instruction: int

    @property
    def name(self) -> str:
        """The view as ``evaluation.primary_attacks`` writes it: ``transcript/given/0``."""
        return AttackName.SEPARATOR.join((self.slice, self.condition, str(self.instruction)))


class Places:
    """The neighbours of a corpus, by id.

    Parameters
    ----------
    neighbours : pa.Table
        With the columns neighbour_id, clip_id, kind, perturbation and recipe.
    clip_ids : sequence of str
        The corpus's clips, in the corpus's order.

    Attributes
    ----------
    clip : intp[m]
        Index of each neighbour's clip.
    original, query, around, swapped : bool[m]
        `original`: whether the row is the clip itself. `query`: whether it is also scored as the query (changed audio
        and pairings). `around`: whether it is a neighbour with changed audio or text (a pairing is another clip, not
        a neighbour). `swapped`: whether words of the text are swapped.
    perturbation : list of str
    """

    def __init__(self, neighbours: pa.Table, clip_ids: Sequence[str]) -> None:
        self.ids: list[str] = neighbours["neighbour_id"].to_pylist()
        self._at = {neighbour_id: row for row, neighbour_id in enumerate(self.ids)}
        place = {clip_id: row for row, clip_id in enumerate(clip_ids)}
        self.clip: Ints = np.array([place[clip_id] for clip_id in neighbours["clip_id"].to_pylist()], np.intp)
        kinds = neighbours["kind"].to_pylist()
        self.original = np.array([kind == "original" for kind in kinds], np.bool_)
        recipes = neighbours["recipe"].to_pylist()
        self.query = np.array(list(map(_is_query, kinds, recipes)), np.bool_)
        self.around = np.array([kind in {"audio", "text"} for kind in kinds], np.bool_)
        self.perturbation: list[str] = neighbours["perturbation"].to_pylist()
        self.swapped = np.array([name == PERTURBATION for name in self.perturbation], np.bool_)

    def rows(self, table: pa.Table) -> Ints:
        """Return the index of each row's neighbour: intp[rows]."""
        return np.array([self._at[neighbour_id] for neighbour_id in table["neighbour_id"].to_pylist()], np.intp)


def _is_query(kind: str, recipe: str) -> bool:
    """Return whether a neighbour is scored as the query: changed audio or a pairing, unless it found no donor."""
    return kind == "audio" or (kind == "pairing" and json.loads(recipe).get("donor", "none asked for") is not None)


def seen_by(table: pa.Table) -> list[tuple[str, View, NDArray[np.bool_]]]:
    """Return the rows of each role and view: (role, view, bool[rows]), sorted."""
    parts = [table[name].cast(pa.string()) for name in ("role", "slice", "condition", "instruction")]
    keys = pc.binary_join_element_wise(*parts, "\n").combine_chunks().dictionary_encode()
    codes = keys.indices.to_numpy(zero_copy_only=False)
    found = []
    for code, key in enumerate(keys.dictionary.to_pylist()):
        role, slice_, condition, instruction = key.split("\n")
        found.append((role, View(slice_, condition, int(instruction)), codes == code))
    return sorted(found, key=lambda item: item[:2])
