"""How much an attack's figures depend on choices: the instruction, the Rényi order, the available clips.

The figures describe the corpus as given. No finding rests on them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.inference.bootstrap import tpr_at_fpr
from stages.core.inference.statistics import Bools, Floats, auc, delong_error
from stages.core.results.attackname import AttackName
from stages.core.results.described import AreaResult, InstructionSpread, LengthResult, RatioResult

MEMBER_RATIOS = (0.01, 0.05, 0.1)
RATE = 0.05
DRAWS = 100
LENGTHS = 3
ROWS_AT_ONCE = 4096
_RENYI = re.compile(r"(max_renyi|min_renyi|modified_renyi)_([\d.]+|inf)(@.*)?$")


def area(score: Floats, member: Bools) -> AreaResult:
    """Return the AUC with DeLong's interval and the numbers of clips; None if a class has no score."""
    known = np.isfinite(score)
    s, inside = score[known], member[known]
    n = {"member": int(inside.sum()), "non_member": int((~inside).sum())}
    if not inside.any() or inside.all():
        return AreaResult(auc=None, delong_ci=None, **n)
    value, half = auc(s, inside), 1.96 * delong_error(s, inside)
    return AreaResult(auc=value, delong_ci=(max(0.0, value - half), min(1.0, value + half)), **n)


def over_instructions(columns: Mapping[str, Floats], member: Bools) -> dict[str, InstructionSpread]:
    """Return the AUCs, their mean and their deviation for every attack that was scored under several instructions.

    Parameters
    ----------
    columns : dict of str to float64[n]
        By full name, ``attack/slice/condition/instruction``.
    member : bool[n]
    """
    by_attack: dict[str, dict[str, float]] = defaultdict(dict)
    for name, score in columns.items():
        named, found = AttackName.of(name), area(score, member).auc
        if named is not None and found is not None:
            by_attack[named.over_instructions][str(named.instruction)] = found
    return {
        attack: InstructionSpread(
            auc=aucs, mean=float(np.mean([*aucs.values()])), deviation=float(np.std([*aucs.values()]))
        )
        for attack, aucs in by_attack.items()
        if len(aucs) > 1
    }


def over_orders(columns: Mapping[str, Floats], member: Bools) -> dict[str, dict[str, float]]:
    """Return for every attack that has a Rényi order its AUC at each: ``{"max_renyi@10/transcript/given/0": …}``."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name, score in columns.items():
        named = AttackName.of(name)
        matched = _RENYI.match(named.attack) if named is not None else None
        value = area(score, member).auc if matched else None
        if named is not None and matched and value is not None:
            found[str(replace(named, attack=f"{matched[1]}{matched[3] or ''}"))][matched[2]] = value
    return {name: dict(sorted(orders.items(), key=lambda item: float(item[0]))) for name, orders in found.items()}


def over_member_ratios(score: Floats, member: Bools, rng: np.random.Generator) -> dict[str, RatioResult]:
    """Return how well the attack works if few of the clips are members.

    Members are drawn at random so that they are the given share of all clips. AUC and TPR are means over the draws,
    with the AUC's deviation between draws. The precision is that of flagging clips at 5 % false positives.

    Returns
    -------
    dict of str to RatioResult
        By share of members. A share is left out if it needs fewer than two members, or more members than there are.
    """
    known = np.isfinite(score)
    s, inside = score[known], member[known]
    members, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    found = {}
    for ratio in MEMBER_RATIOS:
        wanted = round(ratio * len(others) / (1 - ratio))
        if not 2 <= wanted <= len(members):
            continue
        aucs, rates = np.zeros(DRAWS), np.zeros(DRAWS)
        for draw in range(DRAWS):
            rows = np.concatenate([rng.choice(members, wanted, replace=False), others])
            aucs[draw], rates[draw] = auc(s[rows], inside[rows]), tpr_at_fpr(s[rows], inside[rows], RATE)
        tpr = float(rates.mean())
        found[str(ratio)] = RatioResult(
            member=wanted,
            non_member=len(others),
            auc=float(aucs.mean()),
            auc_deviation=float(aucs.std()),
            tpr=tpr,
            precision=ratio * tpr / (ratio * tpr + (1 - ratio) * RATE),
        )
    return found


def over_lengths(score: Floats, member: Bools, seconds: Floats) -> list[LengthResult]:
    """Return the AUC among the shorter, middle and longer third of the clips, with the lengths that bound them."""
    bounds = np.quantile(seconds, np.linspace(0, 1, LENGTHS + 1)) if len(seconds) else np.zeros(LENGTHS + 1)
    part = np.clip(np.searchsorted(bounds, seconds, "right") - 1, 0, LENGTHS - 1)
    return [
        LengthResult(
            seconds=(float(bounds[at]), float(bounds[at + 1])), **dict(area(score[part == at], member[part == at]))
        )
        for at in range(LENGTHS)
    ]


def corrupted_only(
    neighbours: pa.Table, primary: Mapping[str, Floats], row_of: Mapping[str, int], member: Bools
) -> dict[str, dict[str, AreaResult]]:
    """Return the AUCs if only a corrupted clip is available: each audio neighbour is used as the query.

    Parameters
    ----------
    neighbours : pa.Table
        In the schema `neighbour_scores`.
    primary : dict of str to float64[n]
        The primary attacks' scores of the clips themselves.
    row_of : dict of str to int
        From clip_id to its place in `member`.
    member : bool[n]

    Returns
    -------
    dict of str to dict of str to AreaResult
        By attack, then by perturbation, ``original`` included; several neighbours of a clip are averaged.
    """
    of_audio = query_scores(neighbours, "audio", list(primary), row_of, len(member))
    return {
        attack: {name: area(scores, member) for name, scores in sorted(({"original": own} | of_audio[attack]).items())}
        for attack, own in primary.items()
    }


def query_scores(
    neighbours: pa.Table, kind: str, attacks: Sequence[str], row_of: Mapping[str, int], clips: int
) -> dict[str, dict[str, Floats]]:
    """Return the target's scores of neighbours of one kind, each used as the query, joined to clips by id.

    Parameters
    ----------
    neighbours : pa.Table
        In the schema `neighbour_scores`.
    kind : str
        "audio" or "pairing".
    attacks : sequence of str
        Full names.
    row_of : dict of str to int
        From clip_id to its place.
    clips : int

    Returns
    -------
    dict of str to dict of str to float64[clips]
        By attack, then by perturbation; several neighbours of a clip are averaged. NaN if a clip has none.
    """
    chosen = pc.and_(pc.equal(neighbours["role"], "target"), pc.equal(neighbours["kind"], kind))
    of_kind = neighbours.filter(chosen)
    parts = (of_kind[key].cast(pa.string()) for key in AttackName.COLUMNS)
    names = pc.binary_join_element_wise(*parts, AttackName.SEPARATOR)
    keys = ["attack", "perturbation", "clip_id"]
    means = of_kind.set_column(of_kind.column_names.index("attack"), "attack", names).group_by(keys)
    found: dict[str, dict[str, Floats]] = {attack: {} for attack in attacks}
    for part in means.aggregate([("score", "mean")]).to_batches(ROWS_AT_ONCE):
        of_part = part.to_pydict()
        for attack, perturbation, clip_id, mean in zip(*(of_part[key] for key in [*keys, "score_mean"]), strict=True):
            if attack in found and clip_id in row_of and mean is not None:
                scores = found[attack].setdefault(perturbation, np.full(clips, np.nan))
                scores[row_of[clip_id]] = mean
    return found
