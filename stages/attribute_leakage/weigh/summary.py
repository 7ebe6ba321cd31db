"""Compute `details.json` from the tables: rates, answers to silence, comparisons, gaps and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.attribute_leakage.ask.condition import CONDITIONS
from stages.attribute_leakage.ask.subjects import SpeakerClip, speaker_units
from stages.attribute_leakage.probe.probing import Probed
from stages.attribute_leakage.read.outcomes import CONSTRAINED, CORRECT
from stages.attribute_leakage.weigh.comparison import BASELINE, comparisons
from stages.attribute_leakage.weigh.finding import finding
from stages.attribute_leakage.weigh.gap import best_read, gap
from stages.attribute_leakage.weigh.measures import Answers, Words, calibrated, group_rates, rates, tendency
from stages.attribute_leakage.weigh.table import cells
from stages.core.results.leakage_figures import AnswerRates, BestProbe, GapFigures, ProbeFigures, SilenceFigures

Row = Mapping[str, Any]


def summary(
    subjects: Sequence[SpeakerClip],
    options: Mapping[str, tuple[str, ...]],
    rows: Sequence[Row],
    probed: Mapping[str, Probed],
    seed: int,
    without_layers: str | None = None,
) -> dict[str, Any]:
    """Return all results on the answers and probes of an audit.

    Parameters
    ----------
    subjects : sequence of SpeakerClip
    options : mapping of str to tuple of str
        By attribute.
    rows : sequence of mapping
        Rows of `answers.parquet`.
    probed : mapping of str to Probed
        By attribute; empty where there are no layers.
    seed : int
    without_layers : str, optional
        Why there are no layers; None where there are some.
    """
    codes, note = speaker_units([subject.speaker for subject in subjects])
    speakers = {subject.clip_id: int(code) for subject, code in zip(subjects, codes, strict=True)}
    grouped = cells(rows, speakers)
    found: dict[str, Any] = {"attributes": {}, "comparisons": comparisons(grouped), "speakers_note": note}
    for attribute, named in options.items():
        of_attribute = [row for row in rows if row["attribute"] == attribute]
        own = {(cond, way): answers for (name, cond, way), answers in grouped.items() if name == attribute}
        labels = np.array([subject.labels[attribute] for subject in subjects if attribute in subject.labels])
        told = probed.get(attribute)
        floor = max(1 / len(named), max((labels == value).mean() for value in named))
        found["attributes"][attribute] = {
            "options": list(named),
            "clips": len(labels),
            "labels": {value: int((labels == value).sum()) for value in named},
            "conditions": _conditions(own, subjects, attribute, named),
            "silence": _silences(of_attribute, named, labels),
            "calibrated": _calibrated(of_attribute, named),
            "gap": _gaps(own, told, seed, attribute),
            "probes": _probes(told, without_layers),
            **finding(
                attribute, grouped, float(floor), told.rows if told else [], told.reason if told else without_layers
            ).plain(),
        }
    return found


def _conditions(
    own: Mapping[tuple[str, str], Answers], subjects: Sequence[SpeakerClip], attribute: str, named: Sequence[str]
) -> dict[str, dict[str, AnswerRates]]:
    """Return the rates by condition and way, and for the direct question also the rates of groups of speakers.

    The groups are given by the values of every other attribute.
    """
    labels = {subject.clip_id: subject.labels for subject in subjects}
    others = sorted({name for of_clip in labels.values() for name in of_clip} - {attribute})
    found: dict[str, dict[str, AnswerRates]] = {}
    for (condition, way), answers in own.items():
        cell = rates(answers, len(named))
        if condition == BASELINE:
            groups = {
                other: np.array([labels[clip].get(other, "") for clip in answers.clip_ids.tolist()]) for other in others
            }
            cell["groups"] = group_rates(answers, groups, len(named))
        found.setdefault(condition, {})[way] = cell
    return found


def _silences(rows: Sequence[Row], named: Sequence[str], labels: Words) -> dict[str, SilenceFigures]:
    ways = sorted({row["way"] for row in rows if row["label"] is None})
    return {
        way: tendency([row for row in rows if row["label"] is None and row["way"] == way], named, labels)
        for way in ways
    }


def _calibrated(rows: Sequence[Row], named: Sequence[str]) -> float | None:
    """Return the balanced accuracy of the direct question after the prior on silence is subtracted.

    The prompts of both conditions name the options in the same way, so the prior fits.
    """
    forced = [row for row in rows if row["way"] == CONSTRAINED and row["log_probabilities"] is not None]
    by_option = [dict(zip(row["options"], row["log_probabilities"], strict=True)) for row in forced]
    silent = [values for row, values in zip(forced, by_option, strict=True) if row["condition"] == "silence"]
    direct = [(row, values) for row, values in zip(forced, by_option, strict=True) if row["condition"] == "direct"]
    if not silent or not direct:
        return None
    prior = {option: float(np.mean([values[option] for values in silent])) for option in named}
    scores = np.array([[values[option] for option in named] for _, values in direct])
    return calibrated(scores, named, prior, np.array([row["label"] for row, _ in direct]))


def _probes(told: Probed | None, without_layers: str | None) -> ProbeFigures:
    """Return the best probe, the reason why there is none, and what was assumed of the speakers."""
    best = best_read(told.rows) if told else None
    return {
        "best": None if best is None else _best_probe(best),
        "reason": told.reason if told else without_layers,
        "note": told.note if told else None,
    }


def _best_probe(best: Row) -> BestProbe:
    return {
        "layer": best["layer"],
        "balanced_accuracy": best["balanced_accuracy"],
        "low": best["low"],
        "high": best["high"],
    }


def _gaps(
    own: Mapping[tuple[str, str], Answers], told: Probed | None, seed: int, attribute: str
) -> dict[str, dict[str, GapFigures]]:
    """Return, by condition and way, the accuracy of the best layer's probe minus that of the answer."""
    best = best_read(told.rows) if told else None
    if told is None or best is None:
        return {}
    layer = best["layer"]
    found: dict[str, dict[str, GapFigures]] = {}
    for (condition, way), answers in own.items():
        if CONDITIONS[condition].sound != "clip":
            continue  # the layers come from the clip, so answers to silence or a transcript do not compare with them
        there = np.array([clip in told.told[layer] for clip in answers.clip_ids.tolist()], dtype=bool)
        kept = answers.rows(there)
        read = np.array([told.told[layer][clip] for clip in kept.clip_ids.tolist()], dtype=str)
        difference = gap(
            read == kept.labels, kept.outcomes == CORRECT, kept.labels, kept.speakers, seed, attribute, condition, way
        )
        found.setdefault(condition, {})[way] = {**difference, "layer": layer}
    return found
