"""The modality matrix: whether an attack detects the voice, the text, or their binding.

A pairing gives the target another sound, another text, or both, and the attack is scored again. Its AUC is compared
with its AUC on the same clips unchanged, on the same redrawn speakers. It is also compared with the blind AUC of the
sound that the target now gets, because a recording condition goes along with the sound. (In arXiv 2603.28378 an attack
falls to chance on resynthesised speech. The authors took this for memory of the sound, but their blind baseline falls
to chance there too.)

The contrast is that of a two-by-two design: own or other voice, own or other text. The effect of an attack is its AUC
minus 0.5. The own text in another voice gives the effect of the text, other words in the own voice give the effect of
the voice, and neither gives no effect by construction. The effect of the unchanged clip beyond the sum of both is the
binding. The matrix describes the corpus as given, and no finding rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stages.core.inference.blind import PopulationSettings, blind_auc
from stages.core.inference.bootstrap import Draws, bootstrap_auc, percentile_interval, speaker_draws
from stages.core.inference.statistics import Bools, Floats, Ints, auc, renumbered
from stages.core.results.described import (
    ContrastResult,
    ModalityEffect,
    ModalityResult,
    PairingAttack,
    PairingBlind,
    PairingResult,
)

ORIGINAL = "original"
AS_IT_WAS = "as_it_was"
"""The pairing of a clip with itself. If a codec is applied to every pairing, the others are compared with this one."""
OTHER_TEXT = "other_text"
OTHER_VOICES = ("other_voice", "voice_conversion", "resynthesis")
"""Pairings of the own text with another voice, the true counterfactual first."""
NO_PAIRING = "no pairing was scored: perturbation.neighbours names none, or the target does not hear"
FEWEST = 2
"""Fewest clips of each side for a blind baseline."""

Contrasts = dict[str, dict[str, ContrastResult]]
"""Contrasts by pairing with another voice, then by attack."""
RngOf = Callable[[str], np.random.Generator]


@dataclass(frozen=True)
class PairingScores:
    """Attack scores and blind features of the clips and their pairings, in the rows of a case.

    Attributes
    ----------
    scores : dict of str to dict of str to float64[n]
        By attack, then by pairing, `ORIGINAL` included; NaN if a clip has no score.
    features : dict of str to float64[n, d]
        By pairing: blind features of the sound that the target is given.
    member : bool[n]
    cluster : intp[n]
        Speakers, codes 0 to G - 1.
    """

    scores: Mapping[str, Mapping[str, Floats]]
    features: Mapping[str, Floats]
    member: Bools
    cluster: Ints


def mean_features(table: pa.Table, row_of: Mapping[str, int], rows: int) -> dict[str, Floats]:
    """Return blind features by pairing, joined by id; several neighbours of a clip are averaged.

    Parameters
    ----------
    table : pa.Table
        `pairings.parquet`.
    row_of : dict of str to int
        From clip_id to its row.
    rows : int

    Returns
    -------
    dict of str to float64[rows, d]
        NaN if a clip has no such pairing.
    """
    names = [name for name in table.column_names if "." in name]
    values = np.column_stack([np.zeros((table.num_rows, 0)), *(table[name].to_numpy() for name in names)])
    at = np.array([row_of.get(clip_id, -1) for clip_id in table["clip_id"].to_pylist()], np.intp)
    pairing = np.array(table["perturbation"].to_pylist(), object)
    # Sorted by id, because a sum of floats depends on its order.
    order = np.argsort(np.array(table["neighbour_id"].to_pylist(), object), kind="stable")
    found = {}
    for name in sorted(set(pairing.tolist())):
        chosen = order[(pairing[order] == name) & (at[order] >= 0)]
        sums, counts = np.zeros((rows, len(names))), np.bincount(at[chosen], minlength=rows)
        np.add.at(sums, at[chosen], values[chosen])
        found[name] = np.divide(sums, counts[:, None], out=np.full(sums.shape, np.nan), where=counts[:, None] > 0)
    return found


def matrix(heard: PairingScores, settings: PopulationSettings, bootstraps: int, rng_of: RngOf) -> ModalityResult:
    """Return the result of each pairing, and the contrasts.

    Parameters
    ----------
    heard : PairingScores
    settings : PopulationSettings
        Of the blind baseline.
    bootstraps : int
        Redraws of speakers, the same for all attacks and pairings.
    rng_of : callable
        Returns a separate generator for each name, so that a new pairing does not change the figures of the others.

    Returns
    -------
    ModalityResult
        Pairings and interaction are None, with a reason, if there is no pairing.
    """
    names = sorted({name for of_attack in heard.scores.values() for name in of_attack} - {ORIGINAL})
    if not names:
        return ModalityResult(against=None, pairings=None, interaction=None, reason=NO_PAIRING)
    against = AS_IT_WAS if AS_IT_WAS in names else ORIGINAL
    draws = speaker_draws(heard.cluster, bootstraps, rng_of("speakers"))
    pairings = {
        name: PairingResult(
            blind=_blind(heard, name, settings, rng_of(name)),
            attacks={
                attack: _beside(of_attack, name, against, heard, draws)
                for attack, of_attack in heard.scores.items()
                if name in of_attack
            },
        )
        for name in [ORIGINAL, *names]
    }
    interaction, reason = _interactions(heard, against, names, draws)
    return ModalityResult(against=against, pairings=pairings, interaction=interaction, reason=reason)


def _blind(heard: PairingScores, name: str, settings: PopulationSettings, rng: np.random.Generator) -> PairingBlind:
    """Return the blind AUC of the sound that the target gets, or the reason why there is none."""
    features = heard.features.get(name)
    if features is None:
        return PairingBlind(auc=None, auc_ci=None, reason="its sound was not measured")
    scored = [of_attack[name] for of_attack in heard.scores.values() if name in of_attack]
    given = np.flatnonzero(np.isfinite(features).all(axis=1) & np.isfinite(scored).any(axis=0))
    if len(given) and not (np.ptp(features[given], axis=0) > 0).any():
        return PairingBlind(auc=0.5, auc_ci=(0.5, 0.5), reason="every clip sounds the same")
    rows = _distinct(features, heard.member, given)
    member = heard.member[rows]
    if min(member.sum(), (~member).sum()) < FEWEST:
        return PairingBlind(auc=None, auc_ci=None, reason=f"fewer than {FEWEST} members or non-members have one")
    _, interval = blind_auc(features[rows], member, renumbered(heard.cluster[rows]), settings, rng)
    return PairingBlind(auc=interval.auc, auc_ci=(interval.low, interval.high), reason=None)


def _distinct(features: Floats, member: Bools, rows: Ints) -> Ints:
    """Return rows without equal sounds on a side: a donor's sound must not be both in training and held-out folds."""
    labelled = np.column_stack([features[rows], member[rows]])
    return rows[np.sort(np.unique(labelled, axis=0, return_index=True)[1])] if len(rows) else rows


def _beside(
    of_attack: Mapping[str, Floats], name: str, against: str, heard: PairingScores, draws: Draws
) -> PairingAttack:
    """Return an attack's AUC on a pairing, and its difference from the AUC on the same clips unchanged."""
    held = of_attack[against] if against in of_attack else of_attack[ORIGINAL]
    rows = np.flatnonzero(np.isfinite(of_attack[name]) & np.isfinite(held))
    member = heard.member[rows]
    counts = {"member": int(member.sum()), "non_member": int((~member).sum())}
    if not member.any() or member.all():
        none = "no member or no non-member has a score"
        return PairingAttack(auc=None, auc_ci=None, difference=None, difference_ci=None, **counts, reason=none)
    own, own_drawn = _area(of_attack[name][rows], member, heard.cluster[rows], draws)
    difference, interval = None, None
    if name not in {ORIGINAL, against}:
        base, base_drawn = _area(held[rows], member, heard.cluster[rows], draws)
        difference, interval = own - base, percentile_interval(own_drawn - base_drawn)
    return PairingAttack(
        auc=own,
        auc_ci=percentile_interval(own_drawn),
        difference=difference,
        difference_ci=interval,
        **counts,
        reason=None,
    )


def _interactions(
    heard: PairingScores, against: str, names: Sequence[str], draws: Draws
) -> tuple[Contrasts | None, str | None]:
    """Return the contrast for each pairing with another voice, or the reason why there is none."""
    voices = [name for name in OTHER_VOICES if name in names]
    if OTHER_TEXT not in names or not voices:
        return None, f"needs {OTHER_TEXT} and one of {', '.join(OTHER_VOICES)}"
    contrasts = {
        voice: {
            attack: _contrast([of_attack[arm] for arm in (against, voice, OTHER_TEXT)], heard, draws)
            for attack, of_attack in heard.scores.items()
            if {against, voice, OTHER_TEXT} <= of_attack.keys()
        }
        for voice in voices
    }
    return contrasts, None


def _contrast(arms: Sequence[Floats], heard: PairingScores, draws: Draws) -> ContrastResult:
    """Return the effects of text, voice and binding, on the clips that have scores in all three arms.

    Parameters
    ----------
    arms : sequence of float64[n]
        Scores of the clip unchanged, of its text in another voice, of its voice with another text.
    heard : PairingScores
    draws : float32[bootstraps, G]
    """
    rows = np.flatnonzero(np.isfinite(arms).all(axis=0))
    member = heard.member[rows]
    counts = {"member": int(member.sum()), "non_member": int((~member).sum())}
    if not member.any() or member.all():
        none = "no clip of one side has all three"
        return ContrastResult(text=None, voice=None, binding=None, **counts, reason=none)
    (own, own_d), (text, text_d), (voice, voice_d) = (
        _area(arm[rows], member, heard.cluster[rows], draws) for arm in arms
    )
    return ContrastResult(
        text=_effect(text - 0.5, text_d - 0.5),
        voice=_effect(voice - 0.5, voice_d - 0.5),
        binding=_effect(own - text - voice + 0.5, own_d - text_d - voice_d + 0.5),
        **counts,
        reason=None,
    )


def _effect(value: float, drawn: Floats) -> ModalityEffect:
    return ModalityEffect(effect=value, ci=percentile_interval(drawn))


def _area(score: Floats, member: Bools, cluster: Ints, draws: Draws) -> tuple[float, Floats]:
    return auc(score, member), bootstrap_auc(score, member, cluster, draws)
