"""`metrics.json`: the figures by which targets are compared, from `details.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.attribute_leakage.read.outcomes import FREE
from stages.attribute_leakage.weigh.comparison import BASELINE
from stages.attribute_leakage.weigh.gap import learnt_layers
from stages.core.results.flat import Headlines


def headlines(details: Mapping[str, Any]) -> Headlines:
    """Return, for each attribute, the finding, what the direct question tells and what the layers hold.

    Returns
    -------
    dict
        ``n`` clips; of each attribute its ``<name>_finding``, ``<name>_told`` (balanced accuracy of the free answers to
        the direct question) and ``<name>_read`` (that of the probe of the best-read layer); ``eer``, the equal error
        rate of the layer that tells speakers apart best. For a deaf target, ``n`` and ``finding`` alone.
    """
    found: Headlines = {"n": details["clips"]}
    if "finding" in details:
        return found | {"finding": details["finding"]}
    for name, attribute in details["attributes"].items():
        direct = attribute["conditions"].get(BASELINE, {}).get(FREE, {})
        found[f"{name}_finding"] = attribute["finding"]
        found[f"{name}_told"] = direct.get("balanced_accuracy")
        found[f"{name}_read"] = (attribute["probes"]["best"] or {}).get("balanced_accuracy")
    layers = details["identity"]["layers"]
    found["eer"] = min((layers[layer]["all"]["eer"] for layer in learnt_layers(layers)), default=None)
    return found
