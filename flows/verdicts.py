"""The verdicts as a table of numbers and words: no transcripts, no paths, no speakers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.core.config.nouns import Params
from stages.core.store.jsonfile import artifact, read_json

COLUMNS = ("audit", "corpus", "grade", "blind AUC", "best primary attack", "attack AUC", "finding")


def verdict_rows(params: Params, audits: Collection[str] | None = None) -> list[dict[str, str]]:
    """Return one row per audit that has been evaluated, in the order of `params.yaml`.

    Parameters
    ----------
    params : Params
    audits : collection of str, optional
        Only these.
    """
    return [verdict_row(read_json(path)) for path in _evaluated(params, audits)]


def _evaluated(params: Params, audits: Collection[str] | None) -> list[Path]:
    names = [name for name in params.audits if not audits or name in audits]
    paths = [artifact("evaluation", name, "metrics.json") for name in names]
    return [path for path in paths if path.is_file()]


def verdict_row(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return the row of one audit's `metrics.json`."""
    primary = {name: found for name, found in metrics["attacks"].items() if found.get("primary")}
    best = max(primary, key=lambda name: primary[name]["auc"] or 0.0, default=None)
    values = (
        metrics["audit"],
        metrics["corpus"],
        metrics["verdict"]["grade"],
        interval(metrics["blind"].get("fused")),
        best or "none",
        interval(primary[best] if best else None),
        metrics["verdict"]["finding"],
    )
    return dict(zip(COLUMNS, values, strict=True))


def interval(found: Mapping[str, Any] | None) -> str:
    """Return an AUC with its interval as text, such as ``0.52 [0.47, 0.57]``; a dash where there is none."""
    if not found or found.get("auc") is None:
        return "-"
    low, high = found.get("auc_ci") or (None, None)
    return f"{found['auc']:.2f}" if low is None or high is None else f"{found['auc']:.2f} [{low:.2f}, {high:.2f}]"


def cut_notes(params: Params, audits: Collection[str] | None = None) -> list[str]:
    """Return a line for each audit of which clips are longer than what the target hears."""
    found = [read_json(path) for path in _evaluated(params, audits)]
    return [
        f"{metrics['audit']}: {metrics['window']['clips_cut']} clips are longer than the "
        f"{metrics['window']['seconds']:g} s that {metrics['target']} hears; what lies beyond was cut"
        for metrics in found
        if metrics["window"]["clips_cut"]
    ]


def as_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as an aligned table for a terminal."""
    table = [dict(zip(COLUMNS, COLUMNS, strict=True)), *rows]
    widths = {column: max(len(row[column]) for row in table) for column in COLUMNS}
    return "\n".join("  ".join(row[column].ljust(widths[column]) for column in COLUMNS).rstrip() for row in table)
