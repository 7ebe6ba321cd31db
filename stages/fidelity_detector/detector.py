"""The detector: a small network that sees a clip's neighbours as a set (Deep Sets, arXiv 1703.06114)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import RobustScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

CLIP_AT = 5.0
"""Scaled features beyond this many interquartile ranges are cut: one absurd neighbour must not steer the network."""


class FidelityDetector(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify sets of neighbours by the mean of what a small network makes of each.

    Each neighbour's features, with its number among the neighbours as a one-hot code, pass through one hidden layer;
    the mean over the neighbours passes through a linear layer. FiMMIA's own network (10 million parameters, dropout,
    a ReLU on the logits) scores each neighbour apart and averages.

    Parameters
    ----------
    neighbours : int
        How many neighbours a row of X holds; X is their features side by side, float[n, neighbours * d].
    hidden : int
        Width of the hidden layer.
    epochs : int
        Full-batch steps of Adam.
    learning_rate, weight_decay : float
    random_state : int, Generator or None

    Attributes
    ----------
    classes_ : ndarray[2]
    scaler_ : RobustScaler
        Fitted on the training rows alone.
    network_ : torch.nn.Sequential pair
    """

    def __init__(
        self,
        *,
        neighbours: int = 1,
        hidden: int = 16,
        epochs: int = 60,
        learning_rate: float = 0.01,
        weight_decay: float = 0.01,
        random_state: Any = None,
    ) -> None:
        self.neighbours = neighbours
        self.hidden = hidden
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> FidelityDetector:
        """Fit on rows of known membership.

        Raises
        ------
        ValueError
            If y does not hold two classes, or X's width is no multiple of `neighbours`.
        """
        values, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                f"Only binary classification is supported: y has {len(self.classes_)} class"
                + ("" if len(self.classes_) == 1 else "es. The type of the target is multiclass.")
            )
        if values.shape[1] % self.neighbours:
            raise ValueError(f"{values.shape[1]} features cannot be shared by {self.neighbours} neighbours")
        self.scaler_ = RobustScaler().fit(values)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network_ = self._train(self._sets(values), torch.from_numpy(codes.astype(np.float64)))
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-odds of the second class (members), float64[n]."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, reset=False)
        with torch.inference_mode():
            return np.asarray(self._logits(self.network_, self._sets(values)).numpy())

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of the two classes, float64[n, 2]."""
        member = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.stack([1 - member, member], axis=1)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likelier class of each row."""
        likelier = (self.decision_function(X) > 0).astype(int)
        return np.asarray(self.classes_[likelier])

    def _sets(self, values: NDArray[np.float64]) -> torch.Tensor:
        """Return float64[n, neighbours, d + neighbours]: scaled features and which neighbour they are of."""
        scaled = np.clip(self.scaler_.transform(values), -CLIP_AT, CLIP_AT)
        features = torch.from_numpy(scaled).reshape(len(scaled), self.neighbours, -1)
        codes = torch.eye(self.neighbours, dtype=torch.float64).expand(len(scaled), -1, -1)
        return torch.cat([features, codes], dim=-1)

    def _train(self, sets: torch.Tensor, labels: torch.Tensor) -> torch.nn.ModuleDict:
        network = torch.nn.ModuleDict(
            {"each": torch.nn.Linear(sets.shape[-1], self.hidden), "all": torch.nn.Linear(self.hidden, 1)}
        ).double()  # a row's score must not depend, in any digit, on the rows beside it
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        # Without the weight, an unbalanced corpus would teach the share of members first.
        weight = (labels == 0).sum() / (labels == 1).sum()
        loss = torch.nn.BCEWithLogitsLoss(pos_weight=weight)
        for _ in range(self.epochs):
            optimizer.zero_grad()
            loss(self._logits(network, sets), labels).backward()
            optimizer.step()
        return network.eval()

    @staticmethod
    def _logits(network: torch.nn.ModuleDict, sets: torch.Tensor) -> torch.Tensor:
        pooled = torch.tanh(network["each"](sets)).mean(dim=1)
        return torch.as_tensor(network["all"](pooled)[:, 0])
