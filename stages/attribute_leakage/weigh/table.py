"""Make the rows of `answers.parquet` (one for each question and way of answering), and group them into cells."""

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
    """Ask all questions and return the rows, sorted by attribute, condition, way and clip.

    Parameters
    ----------
    interview : Interview
    asks : sequence of Ask
    system : str
        Where the target receives system prompts: in their own ``turn``, or before the ``instruction``.
    forces : bool
        Whether the target can score given texts. If not, there are only free answers.
    synonyms : mapping of str to mapping
        By attribute, then by option.
    judge : Interview or None
        The model that reads the answers that the rules cannot read.
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
    """Return the answers about clips by attribute, condition and way. Answers to silence are left out.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of `answers.parquet`.
    speakers : mapping of str to int
        By clip_id, the code of the speaker.
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
