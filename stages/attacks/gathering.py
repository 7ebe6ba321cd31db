"""Stream `tokens.parquet` into one sheet per role and view. Rows are scored as they are read, and little is kept.

Of an original clip, the statistics are kept that reference attacks compare token by token. Of a neighbour, the mean
log-probability is kept, for swapped words the polarised distance, and for changed audio and pairings the scores of the
primary attacks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from stages.attacks.indicators import INDICATORS, indicators
from stages.attacks.pac import polarised_distance
from stages.attacks.places import Places, View, seen_by
from stages.attacks.ragged import Floats, Ints
from stages.attacks.reading import coalesced, row_values, rows_of, statistic_columns
from stages.attacks.registry import KEPT, Around, AttackSettings, Columns, Sheet, score_rows
from stages.attacks.rows import Rows, joined

Sheets = dict[tuple[str, View], Sheet]


@dataclass(frozen=True)
class Gathered:
    """The sheets and scores made from all rows of an audit.

    Attributes
    ----------
    sheets : dict of (role, View) to Sheet
    of_neighbours : dict of (role, View) to dict of str to float64[m]
        Scores of changed audio and of pairings, each used as the query, by the primary row attacks; NaN elsewhere.
    unscored : dict of (role, View) to dict of str to int
        The number of clips without tokens, by the reason; a view without such clips is left out.
    """

    sheets: Sheets
    of_neighbours: dict[tuple[str, View], Columns]
    unscored: dict[tuple[str, View], dict[str, int]]


@dataclass
class _Parts:
    """The parts of one role and view that were read so far."""

    rows: list[Rows] = field(default_factory=list)
    clips: list[Ints] = field(default_factory=list)
    columns: Columns = field(default_factory=dict)
    indicators: list[Floats] = field(default_factory=list)
    around: list[tuple[Ints, Floats, Floats]] = field(default_factory=list)
    of_neighbours: Columns = field(default_factory=dict)
    unscored: Counter[str] = field(default_factory=Counter)


def gather(
    tables: Iterable[pa.Table],
    places: Places,
    clips: int,
    settings: AttackSettings,
    primary: Mapping[View, Collection[str]],
    probes: Mapping[str, Mapping[str, Floats]],
) -> Gathered:
    """Read all rows once.

    Parameters
    ----------
    tables : iterable of pa.Table
        `tokens.parquet`, in any order.
    places : Places
    clips : int
        Number of clips in the corpus.
    settings : AttackSettings
    primary : dict of View to collection of str
        Row attacks that also score changed audio and pairings.
    probes : dict of role to dict of str to float64[clips]
        Probes belong to the given transcript under the first instruction.
    """
    parts: dict[tuple[str, View], _Parts] = defaultdict(_Parts)
    for table in coalesced(tables):
        at = places.rows(table)
        level = row_values(table["logprob"]).means()
        for role, view, seen in seen_by(table):
            own = parts[role, view]
            _add_originals(own, table, at, np.flatnonzero(seen & places.original[at]), places, clips, settings)
            around = np.flatnonzero(seen & places.around[at])
            own.around.append((at[around], level[around], _distances(table, at, around, places)))
            if view in primary:
                chosen = np.flatnonzero(seen & places.query[at])
                _add_queries(own, table, at, chosen, len(places.ids), settings, primary[view])
    return Gathered(
        {key: _sheet(own, places, clips, _probes_of(*key, probes)) for key, own in sorted(parts.items())},
        {key: own.of_neighbours for key, own in sorted(parts.items()) if own.of_neighbours},
        {key: dict(sorted(own.unscored.items())) for key, own in sorted(parts.items()) if own.unscored},
    )


def _add_originals(
    own: _Parts, table: pa.Table, at: Ints, chosen: Ints, places: Places, clips: int, settings: AttackSettings
) -> None:
    if not len(chosen):
        return
    originals = table.take(pa.array(chosen))
    own.unscored.update(reason for reason in originals["failure"].to_pylist() if reason is not None)
    rows, clip = rows_of(originals, statistic_columns(table)), places.clip[at[chosen]]
    _place(own.columns, score_rows(rows, settings), clip, clips)
    own.rows.append(rows.keep(KEPT))
    own.clips.append(clip)
    own.indicators.append(indicators(rows))


def _add_queries(
    own: _Parts,
    table: pa.Table,
    at: Ints,
    chosen: Ints,
    neighbours: int,
    settings: AttackSettings,
    names: Collection[str],
) -> None:
    if len(chosen):
        rows = rows_of(table.take(pa.array(chosen)), statistic_columns(table))
        _place(own.of_neighbours, score_rows(rows, settings, names), at[chosen], neighbours)


def _distances(table: pa.Table, at: Ints, chosen: Ints, places: Places) -> Floats:
    """Return the polarised distances of texts with swapped words; NaN for other neighbours."""
    found = np.full(len(chosen), np.nan)
    swapped = np.flatnonzero(places.swapped[at[chosen]])
    if len(swapped):
        found[swapped] = polarised_distance(row_values(table["logprob"].take(pa.array(chosen[swapped]))))
    return found


def _place(columns: Columns, found: Columns, at: Ints, size: int) -> None:
    """Put scores at their places in columns of all clips or neighbours; a new column starts as NaN."""
    for name, scores in found.items():
        columns.setdefault(name, np.full(size, np.nan))[at] = scores


def _sheet(own: _Parts, places: Places, clips: int, probes: Columns) -> Sheet:
    rows = joined(own.rows)
    index = np.full(clips, -1, np.intp)
    table = np.full((clips, len(INDICATORS)), np.nan)
    if own.clips:
        clip = np.concatenate(own.clips)
        index[clip] = np.arange(len(clip))
        table[clip] = np.concatenate(own.indicators)
    neighbours, levels, distances = map(np.concatenate, zip(*own.around, strict=True))
    around = Around(
        places.clip[neighbours],
        [places.perturbation[row] for row in neighbours.tolist()],
        levels,
        distances,
    )
    return Sheet(rows.take(index), own.columns, table, around, probes)


def _probes_of(role: str, view: View, probes: Mapping[str, Mapping[str, Floats]]) -> Columns:
    return dict(probes.get(role, {})) if view == View("transcript", "given", 0) else {}
