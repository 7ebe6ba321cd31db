"""Probes: whether an attribute of the speaker can be decoded from a layer, even if the target never says it.

In: pooled embeddings of every layer, labels, speakers, transcripts. Out: a row for each layer and probe with the
cross-fitted balanced accuracy on speakers that the probe was not fitted on (linear probes: Alain and Bengio, arXiv
1610.01644), and two controls:

- ``shuffled``: the same probe after whole speakers exchanged their labels (Hewitt and Liang, arXiv 1909.03368). It must
  be at chance. Accuracy and interval bounds are means over `SHUFFLES` exchanges, so the interval is as wide as that of
  a single exchange.
- ``transcript``: the same probe on the words (TF-IDF of words and of letters), because the words may reveal the
  attribute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from stages.attribute_leakage.ask.subjects import speaker_units
from stages.attribute_leakage.probe.classifier import (
    Represent,
    dealt,
    predicted,
    spanned,
    standardised,
)
from stages.attribute_leakage.weigh.gap import learnt_layers
from stages.attribute_leakage.weigh.intervals import LEVEL, balanced_accuracy, clustered_balanced
from stages.core.config.nouns import Compute
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Floats, Ints
from stages.core.run.parallel import ordered_map
from stages.core.run.randomness import generator, seed_of

FOLDS = 5
SHUFFLES = 3
NOTHING = "(nothing)"
"""It replaces an empty transcript, so that no vocabulary is empty."""
TRANSCRIPT = "transcript"
"""The value of ``layer`` in the row of the transcript's probe."""


@dataclass(frozen=True)
class Labelled:
    """Clips with their labels of one attribute, in the order of their ids.

    Attributes
    ----------
    clip_id, text : list of str
    classes : list of str
    codes : intp[n]
        Each clip's position in `classes`.
    cluster : intp[n]
        Codes of the speakers.
    note : str or None
        What was assumed of the speakers.
    """

    clip_id: list[str]
    text: list[str]
    classes: list[str]
    codes: Ints
    cluster: Ints
    note: str | None


def labelled(clip_id: list[str], label: list[str], speaker: list[Any], text: list[str]) -> Labelled:
    """Return the clips with labels and speakers as codes."""
    classes, codes = np.unique(np.array(label, dtype=str), return_inverse=True)
    cluster, note = speaker_units(speaker)
    return Labelled(clip_id, text, classes.tolist(), codes.astype(np.intp), cluster, note)


@dataclass(frozen=True)
class Probed:
    """The results of all probes for one attribute.

    Attributes
    ----------
    rows : list of dict
        ``attribute``, ``layer``, ``probe`` (``audio``, ``shuffled``, ``transcript``), ``balanced_accuracy``, ``low``,
        ``high`` (95 %, clustered by speaker; None where there is no figure), ``low_corrected`` (for ``audio`` only: the
        lower bound at level 1 - 0.05 / layers, on which findings rest), ``chance``, ``n``, ``speakers``.
    told : dict of str to dict of str to str
        For each layer (and ``transcript``) the out-of-fold class of each clip.
    reason : str or None
        Why there are no figures; None where there are some.
    note : str or None
        What was assumed of the speakers.
    """

    rows: list[dict[str, Any]]
    told: dict[str, dict[str, str]]
    reason: str | None
    note: str | None


def probe_rows(
    attribute: str,
    embeddings: Mapping[str, Floats],
    clip_ids: Sequence[str],
    labels: Sequence[str],
    speakers: Sequence[Any],
    texts: Sequence[str],
    seed: int,
    compute: Compute | None = None,
) -> Probed:
    """Probe every layer for one attribute.

    Parameters
    ----------
    attribute : str
    embeddings : mapping of str to float[n, d]
        Layers by name, in the order in which their rows are returned; clips in the order of `clip_ids`. Finite.
    clip_ids, labels, texts : sequence of str
    speakers : sequence of str or None
        A clip of unknown speaker counts as a speaker of its own.
    seed : int
        All random draws depend on the seed and the clips' ids and labels, not on the order of the clips or the number
        of workers.
    compute : Compute, optional
        How layers are spread over workers. Without it they are probed one after another.

    Returns
    -------
    Probed
        Where there are no folds (see `dealt`), the figures in the rows are None, and `reason` says why.

    Raises
    ------
    EarwitnessError
        If a layer's values are not finite, or if a layer has not one row a clip.
    """
    order = np.argsort(np.array(clip_ids, dtype=str), kind="stable")
    data = labelled(*([column[at] for at in order] for column in (clip_ids, labels, speakers, texts)))
    layers = {name: _checked(name, values, len(order))[order] for name, values in embeddings.items()}
    folds = dealt(data.codes, data.cluster, FOLDS, seed_of(seed, "probe folds", attribute))
    if folds is None:
        return _undetermined(attribute, list(layers), data)
    level = 1 - (1 - LEVEL) / max(len(learnt_layers(layers)), 1)
    settle = partial(_probed_layer, attribute, data, folds, seed, level)
    found = map(settle, layers.items()) if compute is None else ordered_map(settle, layers.items(), compute)
    rows, told = [], {}
    for name, (of_layer, predictions) in zip(layers, found, strict=True):
        rows += of_layer
        told[name] = dict(zip(data.clip_id, predictions, strict=True))
    if any(text.strip() for text in data.text):
        classes = predicted(_words(data.text), data.codes, data.cluster, folds, _chooser(seed, attribute))
        rows.append(_row(attribute, TRANSCRIPT, "transcript", data, *_estimate(data.codes, classes, data.cluster)))
        told[TRANSCRIPT] = dict(zip(data.clip_id, (data.classes[at] for at in classes), strict=True))
    return Probed(rows, told, None, data.note)


def _checked(name: str, values: Floats, count: int) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 2 or len(found) != count:
        raise EarwitnessError(f"layer {name}: {found.shape} values for {count} clips: one row a clip is needed")
    if not np.isfinite(found).all():
        raise EarwitnessError(f"layer {name}: some values are not finite: run the target in float32")
    return found


def _chooser(seed: int, attribute: str) -> int:
    return seed_of(seed, "probe penalty", attribute)


def _probed_layer(
    attribute: str, data: Labelled, folds: Ints, seed: int, level: float, layer: tuple[str, Floats]
) -> tuple[list[dict[str, Any]], list[str]]:
    name, values = layer
    represent, chooser = standardised(values), _chooser(seed, attribute)
    classes = predicted(represent, data.codes, data.cluster, folds, chooser)
    shuffled = [_shuffled_accuracy(represent, data, attribute, number, seed) for number in range(SHUFFLES)]
    corrected = _estimate(data.codes, classes, data.cluster, level)[1]
    rows = [_row(attribute, name, "audio", data, *_estimate(data.codes, classes, data.cluster), corrected)]
    told = [one for one in shuffled if one is not None]
    figures = np.mean(told, axis=0).tolist() if told else [None, None, None]
    rows.append(_row(attribute, name, "shuffled", data, *figures))
    return rows, [data.classes[at] for at in classes]


def _shuffled_accuracy(
    represent: Represent, data: Labelled, attribute: str, number: int, seed: int
) -> tuple[float, float, float] | None:
    codes = exchanged(data.codes, data.cluster, generator(seed, "shuffled", attribute, number))
    folds = dealt(codes, data.cluster, FOLDS, seed_of(seed, "shuffled folds", attribute, number))
    if folds is None:
        return None
    chooser = seed_of(seed, "shuffled penalty", attribute, number)
    return _estimate(codes, predicted(represent, codes, data.cluster, folds, chooser), data.cluster)


def exchanged(labels: Ints, speaker: Ints, rng: np.random.Generator) -> Ints:
    """Give every speaker the labels of a randomly drawn speaker, in random order.

    The labels are repeated or cut to the number of the speaker's own clips. Where each speaker has one label, speakers
    exchange it. Where all speakers have the same mixture of labels, the labels are permuted within speakers. In
    general, the correlation of labels within speakers is kept.

    Parameters
    ----------
    labels, speaker : intp[n]
    rng : numpy.random.Generator
    """
    codes = np.unique(speaker, return_inverse=True)[1]
    groups = int(codes.max(initial=-1)) + 1
    made = np.empty_like(labels)
    for own, donor in enumerate(rng.permutation(groups)):
        places = np.flatnonzero(codes == own)
        made[places] = np.resize(rng.permutation(labels[codes == donor]), len(places))
    return made


def _estimate(codes: Ints, told: Ints, cluster: Ints, level: float = LEVEL) -> tuple[float, float, float]:
    """Return the balanced accuracy and the two bounds of its interval, clustered by speaker."""
    right = told == codes
    return (balanced_accuracy(right, codes) or 0.0, *clustered_balanced(right, codes, cluster, level))


def _words(texts: Sequence[str]) -> Represent:
    """Return a function that computes TF-IDF features, fitted on the training clips.

    Its terms are words, pairs of words, and sequences of two to four letters.
    """

    def represent(train: Ints, test: Ints) -> tuple[Floats, Floats]:
        parts = [
            TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
        ]
        known = hstack([part.fit_transform([texts[at] or NOTHING for at in train]) for part in parts])
        unknown = hstack([part.transform([texts[at] or NOTHING for at in test]) for part in parts])
        return spanned(known.toarray(), unknown.toarray())

    return represent


def _row(
    attribute: str,
    layer: str,
    probe: str,
    data: Labelled,
    accuracy: float | None,
    low: float | None,
    high: float | None,
    low_corrected: float | None = None,
) -> dict[str, Any]:
    return {
        "attribute": attribute,
        "layer": layer,
        "probe": probe,
        "balanced_accuracy": accuracy,
        "low": low,
        "high": high,
        "low_corrected": low_corrected,
        "chance": 1 / len(data.classes) if data.classes else None,
        "n": len(data.codes),
        "speakers": len(np.unique(data.cluster)),
    }


def _undetermined(attribute: str, layers: Sequence[str], data: Labelled) -> Probed:
    alone = [
        name for at, name in enumerate(data.classes) if len({int(code) for code in data.cluster[data.codes == at]}) < 2
    ]
    if len(data.classes) < 2:
        reason = f"{attribute}: fewer than two labels among {len(data.codes)} clips"
    elif alone:
        reason = f"{attribute}: fewer than two speakers have the label {', '.join(alone)}: a probe cannot be tested"
    else:
        reason = f"{attribute}: no split of the speakers into folds leaves every label in each training part"
    rows = [
        _row(attribute, layer, probe, data, None, None, None) for layer in layers for probe in ("audio", "shuffled")
    ]
    return Probed([*rows, _row(attribute, TRANSCRIPT, "transcript", data, None, None, None)], {}, reason, data.note)
