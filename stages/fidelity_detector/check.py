"""Checks of the detector's outside model before anything runs, because it is loaded only late in an audit."""

from __future__ import annotations

import re
from collections.abc import Collection

from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.fidelity_detector.params import FidelityDetectorParams
from stages.models.places import check_folder, is_folder

KEY = "params.yaml: fidelity_detector.embedder"


def check_inputs(params: FidelityDetectorParams, corpora: Collection[str], targets: Collection[str]) -> None:
    """Check that the embedder is a folder with a checkpoint, or a hub id pinned by a commit hash.

    Raises
    ------
    EarwitnessError
        If it is neither; the message names the key.
    """
    del corpora, targets  # one embedder serves all audits
    model, revision = params.fidelity_detector.embedder, params.fidelity_detector.embedder_revision
    if model == NONE:
        return
    if is_folder(model):
        check_folder(KEY, model)
    elif not re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", model):
        raise EarwitnessError(f"{KEY}: {model!r} is neither a hub id nor a folder: correct it, or write none")
    elif not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise EarwitnessError(f"{KEY}_revision: {revision!r} is not a commit hash: give the 40 digits of one")
