"""A detector on disk: its numbers as safetensors, what they mean as JSON; and put to clips that it never saw."""

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
    """A fitted detector without the data that it was fitted on.

    Attributes
    ----------
    perturbations : list of str
        In the order of its codes.
    features : list of str
        Of a neighbour, in order.
    parts : dict of str to tensor
        Of the networks.
    center, scale : float64[perturbations, d]
    """

    perturbations: list[str]
    features: list[str]
    parts: dict[str, torch.Tensor]
    center: Floats
    scale: Floats

    def log_odds(self, values: Floats, names: Sequence[str], features: Sequence[str]) -> Floats:
        """Return the log-odds of membership of clips, whatever number of neighbours of each perturbation they have.

        Parameters
        ----------
        values : float64[n, neighbours, d]
        names : sequence of str
            The neighbours, ``perturbation/index``.
        features : sequence of str
            Of a neighbour.

        Returns
        -------
        float64[n]

        Raises
        ------
        EarwitnessError
            If there is no neighbour of a perturbation, or not a feature, that the detector knows.
        """
        of = [name.rsplit("/", 1)[0] for name in names]
        if absent := [name for name in self.perturbations if name not in of]:
            raise EarwitnessError(f"the detector reads {absent[0]!r}, of which these clips have no neighbour")
        if absent := [name for name in self.features if name not in features]:
            raise EarwitnessError(f"the detector reads {absent[0]!r}, which these clips were not asked for")
        kept = [place for place, name in enumerate(of) if name in self.perturbations]
        codes = np.array([self.perturbations.index(of[place]) for place in kept], np.intp)
        columns = [list(features).index(name) for name in self.features]
        chosen = values[:, kept][:, :, columns]
        sets = Scaling(codes, self.center, self.scale).scaled(chosen.reshape(len(values), -1))
        return Network(self.parts, codes).log_odds(sets, group_means(sets, codes))


def save(folder: Path, fitted: FidelityDetector | None, about: dict[str, Any]) -> None:
    """Write a detector, or, where none could be fitted, a file that says so.

    Parameters
    ----------
    folder : Path
    fitted : FidelityDetector or None
    about : dict
        What its numbers mean: `perturbations`, `features` and anything that people should know.
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
        If there is none, or none could be fitted.
    """
    config = read_json(folder / CONFIG)
    if not config["fitted"]:
        raise EarwitnessError(f"{folder}: no detector could be fitted: it needs neighbours, and labels of both classes")
    tensors = load_file(folder / WEIGHTS)
    parts = {name: tensors[name] for name in PARTS}
    center, scale = (tensors[name].numpy() for name in ("center", "scale"))
    return SavedDetector(config["perturbations"], config["features"], parts, center, scale)
