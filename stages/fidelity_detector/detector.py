"""The detector: a small network over the set of a clip's neighbours (Deep Sets, arXiv 1703.06114).

FiMMIA's own network (10 million parameters, dropout, a ReLU on the logits) scores each neighbour separately and
averages the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from stages.core.inference.folds import grouped_folds
from stages.fidelity_detector.sets import Scaling, codes_of, group_means
from stages.fidelity_detector.training import train


class FidelityDetector(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify sets of neighbours.

    A neighbour's features pass through one hidden layer, with a learnt shift for its perturbation. The mean over the
    neighbours and a linear part on each perturbation's mean features give the log-odds. So the neighbours of one
    perturbation may come in any order. Several such networks are trained. Each stops early by its loss on a fold of
    speakers that it does not train on. Their log-odds are averaged.

    Parameters
    ----------
    groups : sequence of hashable or None
        The perturbation of each neighbour. X holds the features of the neighbours side by side,
        float[n, len(groups) * d]. None means one neighbour.
    hidden : int
        Width of the hidden layer.
    epochs : int
        Largest number of full-batch steps of AdamW.
    patience : int
        A network stops after this many steps without a lower loss on its validation fold.
    learning_rate, weight_decay : float
    validation_folds : int
        Number of networks; at least 2.
    random_state : int, Generator or None

    Attributes
    ----------
    classes_ : ndarray[2]
    scaling_ : Scaling
        Robust scaling, fitted only on the training rows.
    network_ : Network
        The leading axis of its tensors counts the trained networks.
    epochs_ : list of int
        The step at which each network had its lowest validation loss.
    """

    def __init__(
        self,
        *,
        groups: Sequence[Any] | None = None,
        hidden: int = 8,
        epochs: int = 120,
        patience: int = 12,
        learning_rate: float = 0.03,
        weight_decay: float = 1.0,
        validation_folds: int = 4,
        random_state: Any = None,
    ) -> None:
        self.groups = groups
        self.hidden = hidden
        self.epochs = epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.validation_folds = validation_folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, cluster: ArrayLike | None = None) -> FidelityDetector:
        """Fit on rows of known membership.

        Parameters
        ----------
        X : float[n, neighbours * d]
        y : array[n]
            Two classes; the second in sorted order means member.
        cluster : int[n], optional
            Speakers; no validation fold splits one. By default each row has its own speaker.

        Raises
        ------
        ValueError
            If y does not hold two classes, or X's width is not a multiple of the number of neighbours.
        """
        values, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                f"Only binary classification is supported: y has {len(self.classes_)} class"
                + ("" if len(self.classes_) == 1 else "es. The type of the target is multiclass.")
            )
        of_neighbours = codes_of(self.groups)
        if values.shape[1] % len(of_neighbours):
            raise ValueError(f"{values.shape[1]} features cannot be shared by {len(of_neighbours)} neighbours")
        self.scaling_ = Scaling.fitted(values, of_neighbours)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        units = np.arange(len(values)) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
        folds, _ = grouped_folds(codes == 1, units.astype(np.intp), self.validation_folds, rng)
        self.network_, self.epochs_ = train(
            self._inputs(values),
            codes.astype(np.float64),
            folds,
            codes_of(self.groups),
            hidden=self.hidden,
            epochs=self.epochs,
            patience=self.patience,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            rng=rng,
        )
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-odds of the second class (members), float64[n]; a row does not depend on other rows."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, reset=False)
        return self.network_.log_odds(*self._inputs(values))

    def batch(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return nearly the same log-odds faster, all rows at once; last digits may depend on other rows."""
        with torch.inference_mode():
            inputs = (torch.from_numpy(part) for part in self._inputs(X))
            return np.asarray(self.network_.logits(*inputs).mean(dim=0).numpy())

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of the two classes, float64[n, 2]."""
        member = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.stack([1 - member, member], axis=1)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the more probable class of each row."""
        likelier = (self.decision_function(X) > 0).astype(int)
        return np.asarray(self.classes_[likelier])

    def _inputs(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scaled sets, float64[n, neighbours, d], and each perturbation's mean, float64[n, groups * d]."""
        sets = self.scaling_.scaled(values)
        return sets, group_means(sets, codes_of(self.groups))
