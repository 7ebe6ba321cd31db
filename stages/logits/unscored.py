"""Count the clips that a target did not score, while `tokens.parquet` is written, for the stage's last lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

VIEW = ("role", "slice", "condition", "instruction")


class UnscoredRows:
    """Counts rows without tokens of the slice `transcript`: clips as they are, and their neighbours.

    Parameters
    ----------
    originals : collection of str
        The neighbour_ids of the clips themselves.
    """

    def __init__(self, originals: Collection[str]) -> None:
        self._originals = pa.array(sorted(originals), pa.string())
        self._all: Counter[tuple[str, bool]] = Counter()
        self._failed: Counter[tuple[str, str, bool]] = Counter()

    def watched(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the tables of `tokens.parquet` as they are, and count their rows."""
        for table in tables:
            self._count(table.filter(pc.equal(table["slice"], "transcript")))
            yield table

    def sentences(self) -> list[str]:
        """Return a sentence for each view and reason; none if every row has tokens."""
        failed = sorted({(view, failure) for view, failure, _ in self._failed})
        return [
            f"{view}: {self._of(view, failure, True)} clips and {self._of(view, failure, False)} neighbours were not "
            f"scored: it {failure}"
            for view, failure in failed
        ]

    def _of(self, view: str, failure: str, is_clip: bool) -> str:
        return f"{self._failed[view, failure, is_clip]} of {self._all[view, is_clip]}"

    def _count(self, table: pa.Table) -> None:
        parts = [table[name].cast(pa.string()) for name in VIEW]
        views = pc.binary_join_element_wise(*parts, "/").to_pylist()
        of_clips = pc.is_in(table["neighbour_id"], self._originals).to_pylist()
        self._all.update(zip(views, of_clips, strict=True))
        for view, failure, is_clip in zip(views, table["failure"].to_pylist(), of_clips, strict=True):
            if failure is not None:
                self._failed[view, failure, is_clip] += 1
