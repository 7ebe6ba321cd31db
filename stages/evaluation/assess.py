"""An audit's figures and verdict, from its scores, its population and its blind probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.core.inference.population import Population
from stages.core.inference.statistics import AUCTest, Floats, auc, renumbered
from stages.core.results.membership import (
    AttackResult,
    AttackTests,
    ClipCounts,
    Judgement,
    MembershipReason,
    SetResult,
    VerdictResult,
)
from stages.core.results.population import PopulationResult
from stages.evaluation.belief import accepted, graded
from stages.evaluation.case import AuditCase
from stages.evaluation.describe import CorpusContext, corpus_of, describe
from stages.evaluation.evidence import AttackEvidence, tested, weigh
from stages.evaluation.sets import of_sets
from stages.evaluation.settings import RuleSettings
from stages.evaluation.verdict import decide


@dataclass(frozen=True)
class Blind:
    """What the blind baseline knows about the clips of a case.

    Attributes
    ----------
    population : Population
        Its indices are rows of the case.
    probability : float64[n]
        Cross-fitted probability of membership.
    weight : float64[n]
        Odds weights from `probability`.
    """

    population: Population
    probability: Floats
    weight: Floats


@dataclass(frozen=True)
class Ruling:
    """The verdict and its basis: the population, and the evidence of the primary attacks."""

    judged: AuditCase
    population: Population
    evidence: dict[str, AttackEvidence]
    verdict: VerdictResult


def rule(
    case: AuditCase,
    primary: Sequence[str],
    blind: Blind,
    settings: RuleSettings,
    rng: np.random.Generator,
    audible: bool = True,
) -> Ruling:
    """Test the primary attacks of a case, and draw the verdict; parameters are those of `assess`."""
    judged = case.only(primary)
    grade, doubts = graded(case.split, blind.population.whole, _on_reference(judged))
    population = accepted(blind.population, grade, case.member, settings.population.min_matched)
    evidence = weigh(judged, population, settings, rng)
    verdict = decide(grade, population, evidence, _uncontrolled(case), settings, doubts, case.notes, audible)
    return Ruling(judged, population, evidence, verdict)


def assess(
    case: AuditCase,
    primary: Sequence[str],
    blind: Blind,
    settings: RuleSettings,
    rng: np.random.Generator,
    audible: bool = True,
    learned: Mapping[str, float | None] | None = None,
) -> Judgement:
    """Test the primary attacks, describe all attacks, and draw the verdict.

    Parameters
    ----------
    case : AuditCase
    primary : sequence of str
        Names of attacks of the case. The other attacks are described but decide nothing.
    blind : Blind
    settings : RuleSettings
    rng : numpy.random.Generator
    audible : bool
        Whether the audio reaches the target.
    learned : dict of str to float or None, optional
        The p values, over permuted labels, of attacks that learn from labels. They are only described.
    """
    ruling = rule(case, primary, blind, settings, rng, audible)
    population = ruling.population
    corpus = corpus_of(
        case.member,
        case.cluster,
        blind.probability,
        blind.weight,
        settings.population.folds,
        settings.bootstraps,
        rng,
    )
    attacks = {}
    for index, name in enumerate(case.names):
        found = ruling.evidence.get(name)
        tests = found.result() if found else _exploratory(case, index, corpus, population)
        attacks[name] = AttackResult(
            **dict(describe(case.scores[:, index], corpus, nested=found is not None)),
            **dict(tests),
            primary=found is not None,
            reference_auc=_reference_auc(case, index),
            learned_p=(learned or {}).get(name),
        )
    return Judgement(
        clips=ClipCounts(
            member=int(case.member.sum()),
            non_member=int((~case.member).sum()),
            speakers=int(case.cluster.max()) + 1 if len(case.cluster) else 0,
        ),
        population=PopulationResult.of(population, case.member),
        attacks=attacks,
        sets=_sets(ruling.judged, population, settings.population.folds, rng),
        verdict=ruling.verdict,
    )


def _uncontrolled(case: AuditCase) -> MembershipReason:
    """Return why no attack has a negative control, if none has one."""
    if case.run_otherwise is not None:
        return case.run_otherwise
    return MembershipReason.of("reference_missing" if case.reference is None else "reference_useless")


def _sets(case: AuditCase, population: Population, folds: int, rng: np.random.Generator) -> SetResult | None:
    """Return what the attacks show for the population and its speakers as sets; None without a population."""
    if population.kind is None:
        return None
    rows = population.indices
    return of_sets(case.scores[rows], case.member[rows], renumbered(case.cluster[rows]), folds, rng).result()


def _on_reference(case: AuditCase) -> dict[str, AUCTest]:
    """Test every attack of a case on the reference, on the corpus as given; empty without a reference."""
    if case.reference is None:
        return {}
    columns = zip(case.names, case.reference.T, strict=True)
    return {name: tested(column, case.member, case.cluster) for name, column in columns}


def _exploratory(case: AuditCase, index: int, corpus: CorpusContext, population: Population) -> AttackTests:
    """Return the tests of an attack that is not primary: without adjusted p values and without negative control."""
    score, rows = case.scores[:, index], population.indices
    held = tested(score[rows], corpus.member[rows], corpus.cluster[rows]) if population.kind else None
    return AttackTests(
        p_whole=tested(score, corpus.member, corpus.cluster).p,
        p=held.p if held else None,
        population_auc=held.auc if held else None,
        population_auc_ci=held.interval() if held else None,
    )


def _reference_auc(case: AuditCase, index: int) -> float | None:
    """Return the AUC of the same attack on the reference, on the corpus as given; None without a reference."""
    if case.reference is None:
        return None
    score = case.reference[:, index]
    known = np.isfinite(score)
    area = auc(score[known], case.member[known])
    return area if np.isfinite(area) else None
