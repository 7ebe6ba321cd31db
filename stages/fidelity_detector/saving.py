"""Save a detector (tensors as safetensors, their meaning as JSON), load it, and apply it to other clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from stages.core.errors import EarwitnessError
from stages.core.store.atomic import replacing
from stages.core.store.jsonfile import read_json, write_json
from stages.fidelity_detector.detector import FidelityDetector
from stages.fidelity_detector.sets import Floats, Scaling, group_means
from stages.fidelity_detector.training import PARTS, Network

WEIGHTS, CONFIG = "detector.safetensors", "config.json"


@dataclass(frozen=True)
class SavedDetector:
    """A fitted detector without its training data.

    Attributes
    ----------
    perturbations : list of str
        In the order of the detector's codes.
    features : list of str
        Names of a neighbour's features, in order.
    parts : dict of str to tensor
        Tensors of the networks.
    center, scale : float64[perturbations, d]
    """

    perturbations: list[str]
    features: list[str]
    parts: dict[str, torch.Tensor]
    center: Floats
    scale: Floats

    def log_odds(self, values: Floats, names: Sequence[str], features: Sequence[str]) -> Floats:
        """Return the clips' log-odds of membership; each perturbation may have any number of neighbours.

        Parameters
        ----------
        values : float64[n, neighbours, d]
        names : sequence of str
            The neighbours, ``perturbation/index``.
        features : sequence of str
            Names of a neighbour's features.

        Returns
        -------
        float64[n]

        Raises
        ------
        EarwitnessError
            If a perturbation has no neighbour, or a feature is missing, that the detector needs.
        """
        of = [name.rsplit("/", 1)[0] for name in names]
        if absent := [name for name in self.perturbations if name not in of]:
            raise EarwitnessError(f"the detector needs neighbours of {absent[0]!r}, and these clips have none")
        if absent := [name for name in self.features if name not in features]:
            raise EarwitnessError(f"the detector needs the feature {absent[0]!r}, which these clips lack")
        kept = [place for place, name in enumerate(of) if name in self.perturbations]
        codes = np.array([self.perturbations.index(of[place]) for place in kept], np.intp)
        columns = [list(features).index(name) for name in self.features]
        chosen = values[:, kept][:, :, columns]
        sets = Scaling(codes, self.center, self.scale).scaled(chosen.reshape(len(values), -1))
        return Network(self.parts, codes).log_odds(sets, group_means(sets, codes))


def save(folder: Path, fitted: FidelityDetector | None, about: dict[str, Any]) -> None:
    """Write a detector; if none could be fitted, write a file that says so.

    Parameters
    ----------
    folder : Path
    fitted : FidelityDetector or None
    about : dict
        The meaning of its tensors: `perturbations`, `features`, and further facts for readers.
    """
    tensors: dict[str, torch.Tensor] = {}
    if fitted is not None:
        tensors = {name: fitted.network_.parts[name].contiguous() for name in PARTS}
        tensors |= {name: torch.from_numpy(getattr(fitted.scaling_, name)) for name in ("center", "scale")}
    with replacing(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary)
    write_json(folder / CONFIG, {"fitted": fitted is not None, **about})


def load(folder: Path) -> SavedDetector:
    """Read a detector.

    Raises
    ------
    EarwitnessError
        If the folder holds no detector, or none could be fitted.
    """
    config = read_json(folder / CONFIG)
    if not config["fitted"]:
        raise EarwitnessError(f"{folder}: no detector could be fitted: it needs neighbours, and labels of both classes")
    tensors = load_file(folder / WEIGHTS)
    parts = {name: tensors[name] for name in PARTS}
    center, scale = (tensors[name].numpy() for name in ("center", "scale"))
    return SavedDetector(config["perturbations"], config["features"], parts, center, scale)
