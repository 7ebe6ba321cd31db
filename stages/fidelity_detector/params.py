"""The section `fidelity_detector` of `params.yaml`, and the other parts of the file that the stage reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stages.core.config.nouns import Params
from stages.core.config.section import OrNone, Positive, Section


class DetectorSection(Section):
    """The learned attack on differences between a clip and its neighbours."""

    labels: Literal["row", "model"]
    kinds: Annotated[list[Literal["audio", "text", "pairing"]], Field(min_length=1)]
    embedder: OrNone
    embedder_revision: OrNone
    folds: Annotated[int, Field(ge=2)]
    epochs: Positive
    patience: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    hidden: Positive


class FidelityDetectorParams(Params):
    """The parts of `params.yaml` that the stage reads."""

    fidelity_detector: DetectorSection
