"""`metrics.json`: the figures by which audits are compared, flat and few enough for a table."""

from __future__ import annotations

from stages.core.results.flat import Headlines, bounded
from stages.core.results.membership import AttackResult, MembershipResult

RATE = "0.01"
"""The false-positive rate at which the headline's true-positive rate is taken."""


def headlines(result: MembershipResult) -> Headlines:
    """Return the figures by which audits are compared.

    Parameters
    ----------
    result : MembershipResult

    Returns
    -------
    dict
        ``blind_auc`` is that of all blind features, on all clips. ``attack`` is the primary attack with the highest
        AUC on all clips. Its ``attack_auc``, ``tpr_at_1_percent`` and ``reference_auc`` are measured on all clips, its
        ``population_auc``, ``p`` (after Holm's correction) and ``calibrated_*`` in the population. A missing figure is
        null.
    """
    best = result.best_primary
    fused = result.blind.get("fused")
    return {
        "finding": result.verdict.finding,
        "grade": result.verdict.grade,
        "smallest_effect": result.verdict.smallest_effect,
        **bounded("blind_auc", fused.auc if fused else None, fused.auc_ci if fused else None),
        "attack": best,
        **_attack(result.attacks[best] if best else None),
        "population": result.population.kind or "none",
        "members": result.population.member,
        "non_members": result.population.non_member,
        "population_blind_auc": result.population.blind_auc,
        "speakers": result.clips.speakers,
        "window_seconds": result.window.seconds,
        "clips_cut": result.window.clips_cut,
        "sets_p": result.sets.p if result.sets else None,
    }


def _attack(found: AttackResult | None) -> Headlines:
    """Return the headlines of the best primary attack; all null without one."""
    rate = found.tpr_at_fpr.get(RATE) if found else None
    beyond = found.calibrated_difference if found else None
    return {
        **bounded("attack_auc", found.auc if found else None, found.auc_ci if found else None),
        "tpr_at_1_percent": rate.tpr if rate else None,
        "reference_auc": found.reference_auc if found else None,
        **bounded("population_auc", *((found.population_auc, found.population_auc_ci) if found else (None, None))),
        "p": found.holm_p if found else None,
        "calibrated_auc": beyond.auc if beyond else None,
        "calibrated_p": beyond.holm_p if beyond else None,
    }
