"""Run the stage: ``python -m stages.attacks --audit NAME``."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa

from stages.attacks import AttackSettings
from stages.attacks.gathering import gather
from stages.attacks.labels import known_of
from stages.attacks.params import AttacksParams
from stages.attacks.places import Places, View
from stages.attacks.ragged import Floats
from stages.attacks.registry import Known
from stages.attacks.scoring import score_sheets
from stages.attacks.table import SCORES_PER_GROUP, long_tables
from stages.core.results.attackname import AttackName
from stages.core.run.randomness import generator
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.attacks import ATTACK_SCORES_SCHEMA, NEIGHBOUR_SCORES_SCHEMA
from stages.core.store.jsonfile import artifact, write_json
from stages.core.store.measured import read_features
from stages.core.store.tables import read_groups, read_table, write_table

STAGE = "attacks"
NEIGHBOUR_COLUMNS = ["neighbour_id", "clip_id", "kind", "perturbation", "recipe"]


def work(audit: str, params: AttacksParams) -> None:
    """Score the audit's clips from the cached statistics."""
    require_declared(params.audits, "audits", audit)
    corpus = params.audits[audit].corpus
    clips = read_table(artifact("corpus", corpus, "clips.parquet"), ["clip_id", "member", "speaker"])
    neighbours = read_table(artifact("perturbation", corpus, "neighbours.parquet"), NEIGHBOUR_COLUMNS)
    places = Places(neighbours, clips["clip_id"].to_pylist())
    gathered = gather(
        read_groups(artifact("logits", audit, "tokens.parquet")),
        places,
        clips.num_rows,
        AttackSettings(params.attacks.shares, params.attacks.orders),
        _primary(params),
        _probes(audit, places, clips.num_rows),
    )
    scores, kinds = score_sheets(gathered.sheets, _known(audit, clips, params))
    folder, schema = artifact(STAGE, audit), ATTACK_SCORES_SCHEMA
    everyone = np.arange(clips.num_rows)
    write_table(
        folder / "scores.parquet",
        long_tables(clips.select(["clip_id"]), everyone, scores, schema),
        schema,
        SCORES_PER_GROUP,
    )
    schema = NEIGHBOUR_SCORES_SCHEMA
    queries = long_tables(
        neighbours.select(["neighbour_id", "clip_id", "kind", "perturbation"]),
        np.flatnonzero(places.query),
        gathered.of_neighbours,
        schema,
    )
    write_table(folder / "neighbour_scores.parquet", queries, schema, SCORES_PER_GROUP)
    write_json(folder / "attacks.json", kinds)
    write_json(folder / "unscored.json", _by_role(gathered.unscored))


def _by_role(unscored: Mapping[tuple[str, View], dict[str, int]]) -> dict[str, dict[str, dict[str, int]]]:
    """Return the numbers of clips that were not scored by role, view and reason."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for (role, view), counts in unscored.items():
        found.setdefault(role, {})[view.name] = counts
    return found


def _primary(params: AttacksParams) -> dict[View, Collection[str]]:
    """Return the primary attacks by view."""
    found: dict[View, set[str]] = {}
    for name in params.evaluation.primary_attacks:
        named = AttackName.of(name)
        if named is not None:
            found.setdefault(View(named.slice, named.condition, named.instruction), set()).add(named.attack)
    return dict(found)


def _probes(audit: str, places: Places, clips: int) -> dict[str, dict[str, Floats]]:
    """Return each role's probes, one column per probe; NaN for clips without a value."""
    found: dict[str, dict[str, Floats]] = {}
    table = read_table(artifact("logits", audit, "probes.parquet"))
    clip = places.clip[places.rows(table)]
    for at, role, probe, value in zip(
        clip, *(table[name].to_pylist() for name in ("role", "probe", "value")), strict=True
    ):
        column = found.setdefault(role, {}).setdefault(probe, np.full(clips, np.nan))
        column[at] = np.nan if value is None else value
    return found


def _known(audit: str, clips: pa.Table, params: AttacksParams) -> Known:
    return known_of(
        clips["member"].to_pylist(),
        clips["speaker"].to_pylist(),
        _filled(read_features(params.audits[audit].corpus, clips["clip_id"].to_pylist())[1]),
        params.attacks.folds,
        params.attacks.permutations,
        generator(params.seed, STAGE, audit),
    )


def _filled(values: Floats) -> Floats:
    """Return features, float64[n, d], in which the corpus's mean replaces an unknown value."""
    known = np.isfinite(values)
    level = np.divide(
        np.where(known, values, 0).sum(0), known.sum(0), out=np.zeros(values.shape[1]), where=known.any(0)
    )
    return np.where(known, values, level)


if __name__ == "__main__":
    run_stage(STAGE, work, AttacksParams, "audit")
