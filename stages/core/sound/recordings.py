"""Where the sound of a clip lies: a file, a part of a file, or a cell of a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Recording:
    """The place of a clip's sound, relative to ``data/raw/<corpus>/``.

    Attributes
    ----------
    path : str
        The file, with ``/``.
    offset, size : int or None
        In bytes, where the sound is one member of an archive that is not compressed; None for a whole file.
    row, column : int or None, str or None
        Where the sound is a cell of a Parquet or Arrow table.
    start, end : float or None
        In seconds, where the clip is a segment; None for the beginning and the end.
    channel : int or None
        Counted from 0; None where `corpora.X.channel` says what becomes of the channels.
    """

    path: str
    offset: int | None = None
    size: int | None = None
    row: int | None = None
    column: str | None = None
    start: float | None = None
    end: float | None = None
    channel: int | None = None

    def fields(self) -> dict[str, object]:
        """Return the fields of the column `recording` of ``clips.parquet``."""
        return asdict(self)
