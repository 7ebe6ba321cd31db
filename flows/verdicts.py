"""The verdicts as a table. It holds no transcripts, paths or speaker ids, because Prefect keeps it in its database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import cast

from stages.core.config.nouns import Params
from stages.core.results.flat import Headlines
from stages.core.store.jsonfile import artifact, read_json
from stages.core.words.figures import estimate

SAID = {"clips_not_scored", "clips_cut", "clips_cut_left_out"}
"""Codes of the reasons that the terminal says as well."""
COLUMNS = ("audit", "corpus", "grade", "blind AUC", "best primary attack", "attack AUC", "finding")


def verdict_rows(params: Params, audits: Collection[str] | None = None) -> list[dict[str, str]]:
    """Return one row per audit that has been evaluated, in the order of `params.yaml`.

    Parameters
    ----------
    params : Params
    audits : collection of str, optional
        Only these audits.
    """
    return [verdict_row(name, params.audits[name].corpus, headlines) for name, headlines in _evaluated(params, audits)]


def _evaluated(params: Params, audits: Collection[str] | None) -> Iterator[tuple[str, Headlines]]:
    """Yield each evaluated audit with its headlines. They lie in git, so a clone has them before it runs anything."""
    for name in params.audits:
        path = artifact("evaluation", name, "metrics.json")
        if (not audits or name in audits) and path.is_file():
            yield name, read_json(path)


def verdict_row(audit: str, corpus: str, headlines: Headlines) -> dict[str, str]:
    """Return the row of one audit from its `metrics.json`."""
    values = (
        audit,
        corpus,
        str(headlines["grade"]),
        interval(headlines, "blind_auc"),
        str(headlines["attack"] or "none"),
        interval(headlines, "attack_auc"),
        str(headlines["finding"]),
    )
    return dict(zip(COLUMNS, values, strict=True))


def interval(headlines: Headlines, key: str) -> str:
    """Return a headline with its interval as text, such as ``0.52 [0.47, 0.57]``; a dash if it has no value."""
    value, low, high = (cast(float | None, headlines.get(name)) for name in (key, f"{key}_low", f"{key}_high"))
    return estimate(value, (low, high))


def verdict_notes(params: Params, audits: Collection[str] | None = None) -> list[str]:
    """Return a line for each audit with clips that are no part of its evidence, in the words of its verdict."""
    notes = []
    for name, _ in _evaluated(params, audits):
        verdict = read_json(artifact("evaluation", name, "verdict.json"))
        reasons = zip(verdict["because"], verdict["reasons"], strict=True)
        notes += [f"{name}: {words}" for reason, words in reasons if reason["code"] in SAID]
    return notes


def as_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as an aligned table for a terminal."""
    table = [dict(zip(COLUMNS, COLUMNS, strict=True)), *rows]
    widths = {column: max(len(row[column]) for row in table) for column in COLUMNS}
    return "\n".join("  ".join(row[column].ljust(widths[column]) for column in COLUMNS).rstrip() for row in table)
