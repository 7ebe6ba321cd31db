"""Fit the network and its baselines: logistic regression, and the best feature of a single neighbour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.fidelity_detector.crossfit import CrossFitted, Fit, crossfit, deal, logistic_regression, single_neighbour
from stages.fidelity_detector.detector import FidelityDetector
from stages.fidelity_detector.labels import Bools, Ints, Lesson
from stages.fidelity_detector.params import DetectorSection
from stages.fidelity_detector.sets import Floats, codes_of, group_means


def compared(lesson: Lesson, names: Sequence[str], settings: DetectorSection, seed: int) -> dict[str, CrossFitted]:
    """Cross-fit the network and both baselines on the same folds.

    Parameters
    ----------
    lesson : Lesson
        Holds the features of the neighbours side by side.
    names : sequence of str
        The neighbours, ``perturbation/index``.
    settings : DetectorSection
    seed : int

    Returns
    -------
    dict of str to CrossFitted
        ``network``, ``logistic_regression`` and ``single_neighbour``.
    """
    folds = deal(lesson, settings.folds, np.random.default_rng(seed))
    codes = codes_of(perturbations(names))
    means = [None if part is None else _means(part, codes) for part in (lesson.target, lesson.reference)]
    assert means[0] is not None
    return {
        "network": crossfit(fit_network(names, settings), lesson, folds, seed),
        "logistic_regression": crossfit(logistic_regression, lesson.of(means[0], means[1]), folds, seed),
        "single_neighbour": crossfit(single_neighbour, lesson, folds, seed),
    }


def fit_network(names: Sequence[str], settings: DetectorSection) -> Fit:
    """Return a function that fits the network, given features, labels, speakers and a seed."""

    def fit(features: Floats, label: Bools, cluster: Ints, seed: int) -> FidelityDetector:
        detector = FidelityDetector(
            groups=perturbations(names),
            hidden=settings.hidden,
            epochs=settings.epochs,
            patience=settings.patience,
            learning_rate=settings.learning_rate,
            random_state=seed,
        )
        return detector.fit(features, label, cluster)

    return fit


def perturbations(names: Sequence[str]) -> list[str]:
    """Return the perturbation of each neighbour."""
    return [name.rsplit("/", 1)[0] for name in names]


def _means(values: Floats, codes: Ints) -> Floats:
    return group_means(values.reshape(len(values), len(codes), -1), codes)
