"""Turns the artifacts of other stages into an audit's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.errors import EarwitnessError
from stages.core.inference.population import Population
from stages.core.inference.statistics import Floats
from stages.core.results.attackname import AttackName
from stages.core.results.population import PopulationResult
from stages.core.schemas.attacks import AttackKind
from stages.evaluation.assess import Blind
from stages.evaluation.case import AuditCase

DETECTOR = "fidelity_detector"

Columns = dict[str, Floats]


def attack_columns(tables: Iterable[pa.Table], clip_ids: Sequence[str]) -> dict[str, Columns]:
    """Return for each role one column of scores per attack, named ``attack/slice/condition/instruction``.

    Parameters
    ----------
    tables : iterable of pa.Table
        In the schema `attack_scores`: the table in parts, of which one is held at a time.
    clip_ids : sequence of str
        The order of the result, which has NaN if an attack has no score for a clip.
    """
    ids = pa.array(clip_ids, pa.string())
    found: dict[str, Columns] = {}
    for table in tables:
        for role in pc.unique(table["role"]).to_pylist():
            chosen = table.filter(pc.equal(table["role"], role))
            parts = [chosen[key].cast(pa.string()) for key in AttackName.COLUMNS]
            names = pc.binary_join_element_wise(*parts, AttackName.SEPARATOR).combine_chunks().dictionary_encode()
            _place(found.setdefault(role, {}), names, chosen, ids)
    return {role: dict(sorted(columns.items())) for role, columns in found.items()}


def detector_columns(table: pa.Table, role: str, clip_ids: Sequence[str]) -> Columns:
    """Return the learned attack's scores as one column, or no column if it has no score in that role."""
    chosen = table.filter(pc.equal(table["role"], role))
    columns: Columns = {}
    names = pa.array([DETECTOR] * chosen.num_rows, pa.string()).dictionary_encode()
    _place(columns, names, chosen, pa.array(clip_ids, pa.string()))
    return columns


def _place(columns: Columns, names: pa.DictionaryArray, table: pa.Table, ids: pa.Array) -> None:
    """Put the scores of some rows at the places of their clips; a new column starts as NaN."""
    rows = pc.index_in(table["clip_id"], ids).combine_chunks()
    known = rows.is_valid().to_numpy(zero_copy_only=False)
    at, codes = rows.drop_null().to_numpy(), names.indices.to_numpy()[known]
    scores = table["score"].to_numpy()[known]
    for code, name in enumerate(names.dictionary.to_pylist()):
        own = codes == code
        columns.setdefault(name, np.full(len(ids), np.nan))[at[own]] = scores[own]


def primary_of(primary: Sequence[str], target: Columns, kinds: Mapping[str, AttackKind]) -> list[str]:
    """Return the primary attacks that were scored; a target may lack the statistics that others need.

    A primary attack does not read the reference, because the negative control compares the attack with the reference.
    It does not learn from labels, because it is tested on these labels.

    Parameters
    ----------
    primary : sequence of str
        Full names.
    target : Columns
        Every scored attack's scores on the target.
    kinds : mapping of str to AttackKind
        By attack, without its view; includes attacks that were tried but scored no clip.

    Raises
    ------
    EarwitnessError
        If an attack was not tried or cannot be primary, or if none was scored; names the key and the possible attacks.
    """
    eligible = [name for name in target if _may_be_primary(kinds.get(AttackName.attack_of(name)))]
    key, known = "params.yaml: evaluation.primary_attacks", ", ".join(eligible)
    for name in primary:
        kind = kinds.get(AttackName.attack_of(name))
        if kind is None:
            raise EarwitnessError(f"{key}: {name!r} was not tried: use some of {known}")
        if not _may_be_primary(kind):
            raise EarwitnessError(
                f"{key}: {name!r} reads the reference or uses labels, and cannot be primary: use some of {known}"
            )
    scored = [name for name in primary if name in target]
    if not scored:
        raise EarwitnessError(
            f"{key}: no primary attack could be scored: this target lacks the statistics that they need: add some of "
            f"{known}"
        )
    return scored


def _may_be_primary(kind: AttackKind | None) -> bool:
    """Return whether an attack reads one target and no labels; False for the detector, whose kind is not listed."""
    return kind is not None and not (kind["uses_reference"] or kind["uses_labels"])


def learned_p(names: Iterable[str], kinds: Mapping[str, AttackKind]) -> dict[str, float | None]:
    """Return the p value over permuted labels of every attack that learns from labels, by full name."""
    named = {name: AttackName.of(name) for name in names}
    of_kind = {name: kinds[each.attack].get("p", {}) for name, each in named.items() if each and each.attack in kinds}
    return {name: p.get(each.view) for name, p in of_kind.items() if p and (each := named[name])}


def paired(target: Columns, reference: Columns) -> Columns:
    """Return the reference's columns for the target's attacks, with NaN for attacks that only the target has."""
    return {name: reference.get(name, np.full_like(scores, np.nan)) for name, scores in target.items()}


def blind_of(
    found: PopulationResult,
    scores: pa.Table,
    matched: pa.Table,
    clip_ids: Sequence[str],
    case: AuditCase,
    fewest: int,
) -> Blind:
    """Return what `blind_baseline` found, for the rows of a case.

    Parameters
    ----------
    found : PopulationResult
        As in its `details.json`.
    scores, matched : pa.Table
        Its `scores.parquet` and `matched.parquet`.
    clip_ids : sequence of str
        Of the corpus, in the order that the case was made from.
    case : AuditCase
    fewest : int
        Fewest clips that a population needs on each side. The case may have fewer clips than the corpus.
    """
    fused = scores.filter(pc.equal(scores["family"], "fused"))
    at = {clip_id: row for row, clip_id in enumerate(fused["clip_id"].to_pylist())}
    order = np.array([at[clip_ids[row]] for row in case.rows], np.intp)
    probability = np.nan_to_num(fused["probability"].to_numpy().astype(np.float64)[order], nan=0.5)
    weight = np.nan_to_num(fused["odds_weight"].to_numpy().astype(np.float64)[order], nan=0.0)
    population = _populous(_population(found, matched, clip_ids, case), case, fewest)
    return Blind(population, probability, weight)


def _populous(population: Population, case: AuditCase, fewest: int) -> Population:
    """Return the population, or none if clips that the models do not hear whole leave too few on a side."""
    member = case.member[population.indices]
    smaller = int(min(member.sum(), (~member).sum()))
    if population.kind is None or smaller >= fewest:
        return population
    none = np.zeros(0, np.intp)
    reason = f"{smaller} clips that the models hear whole on the smaller side, fewer than the {fewest} that are needed"
    return replace(population, kind=None, indices=none, pairs=none, reason=reason, searched=False)


def _population(found: PopulationResult, matched: pa.Table, clip_ids: Sequence[str], case: AuditCase) -> Population:
    none = np.zeros(0, np.intp)
    if found.kind is None:
        return found.population(none, none)
    if found.kind == "whole":
        return found.population(np.arange(len(case.rows)), np.full(len(case.rows), -1))
    pair_of = dict(zip(matched["clip_id"].to_pylist(), matched["pair"].to_pylist(), strict=True))
    pairs = np.array([pair_of.get(clip_ids[row], -1) for row in case.rows], np.intp)
    whole = np.flatnonzero(np.bincount(pairs[pairs >= 0], minlength=1) == 2)  # the case may lack a partner
    indices = np.flatnonzero(np.isin(pairs, whole))
    return found.population(indices, pairs[indices])
