"""`answers.parquet`: every question asked in both ways, one row each, and the answers of one cell taken out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.attribute_leakage.ask.answering import Request
from stages.attribute_leakage.ask.interview import Interview, asked
from stages.attribute_leakage.ask.judge import judge_of
from stages.attribute_leakage.ask.plan import Ask
from stages.attribute_leakage.read.outcomes import Judge, constrained_row, free_row
from stages.attribute_leakage.weigh.measures import Answers
from stages.core.inference.statistics import Ints

Cell = tuple[str, str, str]
"""Attribute, condition, way."""


def answer_rows(
    interview: Interview,
    asks: Sequence[Ask],
    system: str,
    forces: bool,
    synonyms: Mapping[str, Mapping[str, Sequence[str]]],
    judge: Interview | None,
) -> list[dict[str, Any]]:
    """Ask everything and return the rows, sorted by attribute, condition, way and clip.

    Parameters
    ----------
    interview : Interview
    asks : sequence of Ask
    system : str
        Where the target's system texts stand: ``turn`` or ``instruction``.
    forces : bool
        Whether the target scores options that it is given; if not, it is asked freely alone.
    synonyms : mapping of str to mapping
        By attribute, then by option.
    judge : Interview or None
        Of the model that reads what the rules cannot.
    """
    said = interview.free([asked(ask) for ask in asks])
    read = _judging(judge)
    rows = [
        free_row(ask, system, reply, synonyms.get(ask.attribute, {}), read)
        for ask, reply in zip(asks, said, strict=True)
    ]
    if forces:
        scored = interview.constrained(asks, said)
        rows += [constrained_row(ask, system, forced) for ask, forced in zip(asks, scored, strict=True)]
    return sorted(rows, key=lambda row: (row["attribute"], row["condition"], row["way"], row["clip_id"]))


def _judging(judge: Interview | None) -> Judge | None:
    if judge is None:
        return None

    def reply_to(request: Request) -> Any:
        return judge.free([request])[0]

    return judge_of(reply_to)


def cells(rows: Sequence[Mapping[str, Any]], speakers: Mapping[str, int]) -> dict[Cell, Answers]:
    """Return the answers about clips by attribute, condition and way; those to silence are left out.

    Parameters
    ----------
    rows : sequence of mapping
        Of `answers.parquet`.
    speakers : mapping of str to int
        Code of each clip's speaker.
    """
    grouped: dict[Cell, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["label"] is not None:
            grouped.setdefault((row["attribute"], row["condition"], row["way"]), []).append(row)
    return {cell: _answers(of_cell, speakers) for cell, of_cell in grouped.items()}


def _answers(rows: Sequence[Mapping[str, Any]], speakers: Mapping[str, int]) -> Answers:
    codes: Ints = np.array([speakers[row["clip_id"]] for row in rows], dtype=np.intp)
    return Answers(
        np.array([row["clip_id"] for row in rows], dtype=str),
        np.array([row["outcome"] for row in rows], dtype=str),
        np.array([row["label"] for row in rows], dtype=str),
        np.array([row["failure"] is not None for row in rows], dtype=bool),
        codes,
    )
