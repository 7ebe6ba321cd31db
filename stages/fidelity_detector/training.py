"""The detector's networks: trained together, each with early stopping on a validation fold of its own.

The networks of all folds are trained as one tensor. This is several times as fast as `stages.core.inference.crossfit`,
which trains one fold after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from stages.fidelity_detector.sets import Codes, Floats

PARTS = ("each", "shift", "all", "linear", "offset")
"""Names of a network's tensors."""


@dataclass(frozen=True)
class Network:
    """m networks of one shape.

    Attributes
    ----------
    parts : dict of str to tensor
        ``each`` [m, d, hidden], ``shift`` [m, groups, hidden], ``all`` [m, hidden], ``linear`` [m, groups * d],
        ``offset`` [m].
    codes : intp[neighbours]
        The group of each neighbour.
    """

    parts: dict[str, torch.Tensor]
    codes: Codes

    def logits(self, sets: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        """Return every network's log-odds, [m, n], of sets [n, neighbours, d] and means [n, groups * d]."""
        parts = self.parts
        count, width, hidden = parts["each"].shape
        every = parts["each"].permute(1, 0, 2).reshape(width, count * hidden)  # one product for all networks
        seen = (sets.reshape(-1, width) @ every).reshape(*sets.shape[:2], count, hidden)
        shift = parts["shift"][:, torch.from_numpy(self.codes)].permute(1, 0, 2)  # [neighbours, m, hidden]
        pooled = torch.tanh(seen + shift).mean(dim=1)  # [n, m, hidden]
        nonlinear = (pooled * parts["all"]).sum(dim=-1)
        return (nonlinear + means @ parts["linear"].T + parts["offset"]).T

    def log_odds(self, sets: Floats, means: Floats) -> Floats:
        """Return the mean log-odds over the networks, float64[n].

        Rows are computed one by one. In a product of many rows, the rounding of each depends on their number.
        """
        parts = {name: np.asarray(part.detach().numpy(), np.float64) for name, part in self.parts.items()}
        count, width, hidden = parts["each"].shape
        every = np.ascontiguousarray(parts["each"].transpose(1, 0, 2).reshape(width, count * hidden))
        shift = parts["shift"][:, self.codes].transpose(1, 0, 2).reshape(len(self.codes), count * hidden)
        outward = parts["all"].reshape(-1) / count
        linear, offset = parts["linear"].mean(axis=0), float(parts["offset"].mean())
        found = np.empty(len(sets))
        for row in range(len(sets)):
            pooled = np.tanh(sets[row] @ every + shift).mean(axis=0)
            found[row] = pooled @ outward + means[row] @ linear + offset
        return found


def train(
    inputs: tuple[Floats, Floats],
    labels: Floats,
    folds: Codes,
    codes: Codes,
    *,
    hidden: int,
    epochs: int,
    patience: int,
    learning_rate: float,
    weight_decay: float,
    rng: np.random.Generator,
) -> tuple[Network, list[int]]:
    """Train a network for every fold, on all other folds, and keep its state with the lowest loss on that fold.

    Parameters
    ----------
    inputs : tuple of float64[n, neighbours, d], float64[n, groups * d]
    labels : float64[n]
        0 or 1.
    folds : intp[n]
        0 to m - 1.
    codes : intp[neighbours]
    hidden, epochs, patience, learning_rate, weight_decay
        See `stages.fidelity_detector.detector.FidelityDetector`.
    rng : numpy.random.Generator
        Draws the initial weights.

    Returns
    -------
    network : Network
        In float64.
    steps : list of int
        Number of steps to each network's lowest validation loss; 0 if training never lowered it.
    """
    sets, means = (torch.from_numpy(part).float() for part in inputs)
    target = torch.from_numpy(labels).float()
    held = torch.from_numpy(folds[None] == np.arange(int(folds.max()) + 1)[:, None]).float()  # [m, n]
    balance = _balance(target)
    inside, outside = _shares((1 - held) * balance), _shares(held * balance)
    network = Network(_start(len(held), sets.shape[-1], hidden, codes, rng), codes)
    optimizer = torch.optim.AdamW(network.parts.values(), lr=learning_rate, weight_decay=weight_decay)
    best = {name: part.detach().clone() for name, part in network.parts.items()}
    lowest, steps = torch.full((len(held),), torch.inf), torch.zeros(len(held), dtype=torch.int64)
    for step in range(epochs + 1):
        optimizer.zero_grad()
        logits = network.logits(sets, means)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, target.expand_as(logits), reduction="none"
        )
        better = (losses.detach() * outside).sum(dim=1)
        improved = better < lowest
        lowest, steps = torch.where(improved, better, lowest), torch.where(improved, step, steps)
        for name, part in network.parts.items():
            best[name][improved] = part.detach()[improved]
        if step == epochs or bool((step - steps >= patience).all()):
            break
        # The networks share no weight, so the sum of their losses trains each one independently.
        torch.autograd.backward((losses * inside).sum())
        optimizer.step()
    return Network({name: part.double() for name, part in best.items()}, codes), steps.tolist()


def _balance(target: torch.Tensor) -> torch.Tensor:
    """Return weights that balance both classes; otherwise a network first learns the share of members."""
    members = target.sum()
    return torch.where(target == 1, 0.5 / members, 0.5 / (len(target) - members))


def _shares(weight: torch.Tensor) -> torch.Tensor:
    return weight / weight.sum(dim=1, keepdim=True).clamp_min(1e-12)


def _start(count: int, width: int, hidden: int, codes: Codes, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """Draw initial weights that are too small to saturate tanh; the linear part starts at zero."""
    groups = int(codes.max()) + 1
    drawn = {
        "each": rng.standard_normal((count, width, hidden)) / np.sqrt(width),
        "shift": rng.standard_normal((count, groups, hidden)),
        "all": rng.standard_normal((count, hidden)) / np.sqrt(hidden),
        "linear": np.zeros((count, groups * width)),
        "offset": np.zeros(count),
    }
    return {name: torch.tensor(drawn[name], dtype=torch.float32, requires_grad=True) for name in PARTS}
