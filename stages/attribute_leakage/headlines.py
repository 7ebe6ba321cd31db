"""`metrics.json`: the figures by which targets are compared, from `details.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.attribute_leakage.read.outcomes import FREE
from stages.attribute_leakage.weigh.comparison import BASELINE
from stages.attribute_leakage.weigh.gap import learnt_layers
from stages.core.results.flat import Headlines


def headlines(details: Mapping[str, Any]) -> Headlines:
    """Return, for each attribute, the finding, how well the direct question is answered and how well a layer is read.

    Returns
    -------
    dict
        ``n``: the number of clips. For each attribute ``<name>_finding``, ``<name>_told`` (balanced accuracy of the
        free answers to the direct question) and ``<name>_read`` (balanced accuracy of the probe of the best layer).
        ``eer``: the equal error rate of the layer that tells speakers apart best. If audio does not reach the target,
        only ``n`` and ``finding``.
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
