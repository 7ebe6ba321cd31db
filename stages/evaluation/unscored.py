"""Clips that target or reference did not score: how many, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from stages.core.errors import EarwitnessError
from stages.core.results.attackname import AttackName
from stages.core.results.membership import MembershipReason
from stages.core.schemas.failures import LASTING

Unscored = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Numbers of clips by role, view and reason: what `attacks` writes to `unscored.json`."""


def require_scores(audit: str, scored: Collection[str], unscored: Unscored, clips: int) -> None:
    """Check that the target scored any clip, if it states why it did not.

    Parameters
    ----------
    audit : str
    scored : collection of str
        The names of the attacks that have scores on the target.
    unscored : Unscored
    clips : int
        Number of clips in the corpus.

    Raises
    ------
    EarwitnessError
        If no attack has a score, with the most frequent reason.
    """
    reasons = Counter[str]()
    for counts in unscored.get("target", {}).values():
        reasons.update(counts)
    if reasons and not any(AttackName.of(name) for name in scored):
        reason, _ = reasons.most_common(1)[0]
        raise EarwitnessError(f"params.yaml: audits.{audit}: none of {clips} clips was scored: the target {reason}")


def unscored_notes(primary: Sequence[str], unscored: Unscored, clips: int) -> list[MembershipReason]:
    """Return a note for each role and reason, with the most clips of a view of the primary attacks.

    Reasons that hold for the target as a whole are left out: the primary attacks that were scored do not need tokens
    there.

    Parameters
    ----------
    primary : sequence of str
        Full names of the primary attacks that were scored.
    unscored : Unscored
    clips : int
        Number of clips in the corpus, labelled or not.
    """
    notes = []
    for role in ("target", "reference"):
        found: dict[str, int] = {}
        for view in _views(primary):
            for reason, count in unscored.get(role, {}).get(view, {}).items():
                if reason not in LASTING:
                    found[reason] = max(count, found.get(reason, 0))
        notes += [
            MembershipReason.of("clips_not_scored", clips=count, all=clips, role=role, reason=reason)
            for reason, count in sorted(found.items())
        ]
    return notes


def _views(names: Sequence[str]) -> list[str]:
    return sorted({named.view for name in names if (named := AttackName.of(name)) is not None})
