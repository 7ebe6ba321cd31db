"""The verdicts as a table. It holds no transcripts, paths or speaker ids, because Prefect keeps it in its database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import cast

from stages.core.config.nouns import Params
from stages.core.results.corpus import CorpusSummary
from stages.core.results.flat import Headlines
from stages.core.store.jsonfile import artifact, read_json
from stages.core.words.corpus import corpus_lines, first_notes
from stages.core.words.figures import estimate

SAID = {"clips_not_scored", "clips_cut", "clips_cut_left_out"}
"""Codes of the reasons that the terminal says as well."""
BLIND_COLUMNS = ("corpus", "split", "clips", "speakers", "blind AUC")
"""Columns of the table of corpora that no audit of membership uses."""
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


def corpus_notes(params: Params, corpora: Collection[str]) -> list[str]:
    """Return what is noteworthy about corpora that have been read, a line each; notes name files of the corpus.

    Parameters
    ----------
    params : Params
    corpora : collection of str
        Only these.
    """
    lines = []
    for name in params.corpora:
        path = artifact("corpus", name, "summary.json")
        if name in corpora and path.is_file():
            summary = CorpusSummary.model_validate(read_json(path))
            details = artifact("corpus", name, "details.json")
            notes = read_json(details)["notes"] if details.is_file() else []
            lines += [f"{name}: {line}" for line in [*corpus_lines(summary), *first_notes(notes)]]
    return lines


def blind_rows(params: Params, names: Collection[str] | None = None) -> list[dict[str, str]]:
    """Return one row per corpus that no audit of membership uses: what can be told there without any model.

    Parameters
    ----------
    params : Params
    names : collection of str, optional
        Only these corpora. Without names, corpora without known members are left out.
    """
    audited = {audit.corpus for audit in params.audits.values()}
    rows = []
    for name, corpus in params.corpora.items():
        path = artifact("blind_baseline", name, "metrics.json")
        wanted = name in names and name not in params.audits if names else name not in audited
        if wanted and path.is_file() and ((headlines := read_json(path))["n"] or names):
            figure = interval(headlines, "blind_auc")
            values = (name, corpus.split, str(headlines["n"]), str(headlines["speakers"]), figure)
            rows.append(dict(zip(BLIND_COLUMNS, values, strict=True)))
    return rows


def as_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows with equal keys as an aligned table for a terminal; blank without rows."""
    if not rows:
        return ""
    columns = list(rows[0])
    table = [dict(zip(columns, columns, strict=True)), *rows]
    widths = {column: max(len(row[column]) for row in table) for column in columns}
    return "\n".join("  ".join(row[column].ljust(widths[column]) for column in columns).rstrip() for row in table)
