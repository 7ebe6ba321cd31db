"""What may be said of an attribute, in one word with its reasons.

``told``: in at least one way of asking about the sound, the clustered interval of the share told right lies above both
chance and the majority class, at a level divided by the number of ways that were tried (Bonferroni). ``words``: so it
does, but what is told from the words alone is not worse. ``known``: no answer tells it, but a probe of some layer does,
at a level divided by the number of layers. ``not_shown``: neither; a weaker leak remains possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stages.attribute_leakage.comparison import by_speaker
from stages.attribute_leakage.condition import CONDITIONS
from stages.attribute_leakage.gap import learnt
from stages.attribute_leakage.intervals import clustered_wilson
from stages.attribute_leakage.measures import Answers
from stages.attribute_leakage.outcomes import CORRECT
from stages.attribute_leakage.table import Cell

ALPHA = 0.05
WIDER = 1.6
"""By how much a probe's interval grows from 95 % to 1 - 0.05 / layers: normal quantiles go from 1.96 to 3.1 at 30."""


def finding(
    attribute: str,
    cells: Mapping[Cell, Answers],
    floor: float,
    probes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the finding on one attribute.

    Parameters
    ----------
    attribute : str
    cells : mapping of Cell to Answers
    floor : float
        The larger of chance and majority class.
    probes : sequence of mapping
        Rows of `probes.parquet` of this attribute; may be empty.

    Returns
    -------
    dict
        ``finding``, and ``reasons`` in plain words.
    """
    heard = {
        (condition, way): answers
        for (name, condition, way), answers in cells.items()
        if name == attribute and CONDITIONS[condition].sound == "clip"
    }
    level = 1 - ALPHA / max(len(heard), 1)
    above = {
        place: answers
        for place, answers in heard.items()
        if clustered_wilson(answers.outcomes == CORRECT, answers.speakers, level)[0] > floor
    }
    by_voice = {place: answers for place, answers in above.items() if _beats_words(attribute, place[1], answers, cells)}
    if by_voice:
        return _said("told", [_told(place, answers, floor) for place, answers in by_voice.items()])
    if above:
        reasons = [_told(place, answers, floor) for place, answers in above.items()]
        return _said("words", [*reasons, "what is told from the words alone is not significantly worse"])
    return _from_probes(probes, floor)


def _beats_words(attribute: str, way: str, answers: Answers, cells: Mapping[Cell, Answers]) -> bool:
    words = cells.get((attribute, "transcript", way))
    if words is None:
        return True
    order, other = answers.clip_ids.argsort(), words.clip_ids.argsort()
    voice, said = answers.outcomes[order] == CORRECT, words.outcomes[other] == CORRECT
    return bool(voice.mean() > said.mean()) and by_speaker(voice, said, answers.speakers[order]) < ALPHA


def _told(place: tuple[str, str], answers: Answers, floor: float) -> str:
    share = float((answers.outcomes == CORRECT).mean())
    return f"{place[0]}, {place[1]}: {share:.2f} of {len(answers.outcomes)} clips are told right; by chance {floor:.2f}"


def _from_probes(probes: Sequence[Mapping[str, Any]], floor: float) -> dict[str, Any]:
    nothing = "no way of asking tells it better than chance and the majority class"
    audio = [row for row in learnt(probes) if row["balanced_accuracy"] is not None]
    words = [row for row in probes if row["probe"] == "transcript" and row["balanced_accuracy"] is not None]
    ceiling = max([row["chance"] for row in audio] + [row["balanced_accuracy"] for row in words], default=floor)
    read = [
        row for row in audio if row["balanced_accuracy"] - WIDER * (row["balanced_accuracy"] - row["low"]) > ceiling
    ]
    if not read:
        return _said("not_shown", [nothing, *(["no probe reads it either"] if audio else [])])
    best = max(read, key=lambda row: row["balanced_accuracy"])
    return _said(
        "known", [nothing, f"a probe of {best['layer']} reads it: balanced accuracy {best['balanced_accuracy']:.2f}"]
    )


def _said(finding: str, reasons: list[str]) -> dict[str, Any]:
    return {"finding": finding, "reasons": reasons}
