"""Baselines for the logit cache: the same numbers, computed in the plain way of public code.

All functions take a Qwen2-Audio model. Sources: the formulas of VL-MIA (arXiv 2411.02902) and the protocol of FiMMIA
(arXiv 2512.02786), whose code prepares and runs one row after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from stages.models.adapter import Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from tests.stages.models.plain import IGNORED, Batch, plain_batch


def bare_batches(adapter: Qwen2AudioAdapter, queries: Sequence[Query], size: int) -> list[Batch]:
    """Return the model's own arguments for batches of like length."""
    ordered = sorted(queries, key=lambda query: (len(query.samples), len(query.text)))
    return [plain_batch(adapter, ordered[start : start + size]) for start in range(0, len(ordered), size)]


@torch.inference_mode()
def bare_forward(model: Any, batches: Sequence[Batch]) -> None:
    """Run the model's own forward over batches, and nothing else."""
    for batch in batches:
        model(**{name: values for name, values in batch.items() if name != "labels"})


@torch.inference_mode()
def fimmia(adapter: Qwen2AudioAdapter, rows: Sequence[Query]) -> list[float]:
    """Return each row's loss by one whole forward at batch 1."""
    return [adapter.model(**_prepared(adapter, row)).loss.item() for row in rows]


@torch.inference_mode()
def vl_mia(adapter: Qwen2AudioAdapter, rows: Sequence[Query], slices: int = 3) -> list[list[float]]:
    """Return each transcript's entropies by a forward per slice and then token by token."""
    found = []
    for row in rows:
        single = _prepared(adapter, row)
        arguments = {name: values for name, values in single.items() if name != "labels"}
        for _ in range(slices):
            logits = adapter.model(**arguments).logits
        at = (single["labels"][0] != IGNORED).nonzero()[:, 0]
        found.append([value for place in at for value in _token(logits[0, place - 1], single["labels"][0, place])])
    return found


def _prepared(adapter: Qwen2AudioAdapter, row: Query) -> Batch:
    """Return one row's arguments on the model's device, its features computed anew."""
    adapter._sounds.clear()
    model = adapter.model
    return {
        name: values.to(model.device, model.dtype) if values.is_floating_point() else values.to(model.device)
        for name, values in plain_batch(adapter, [row]).items()
    }


def _token(logits: torch.Tensor, token_id: torch.Tensor) -> list[float]:
    """Return one token's statistics in float64 over the whole vocabulary, each by passes of its own."""
    p = np.clip(torch.softmax(logits.double(), -1).cpu().numpy(), 1e-10, 1 - 1e-10)
    logp, p_y = np.log(p), p[int(token_id)]
    values = [logp[int(token_id)], (p * logp).sum(), (p * logp**2).sum() - (p * logp).sum() ** 2]
    values += [2 * np.log(np.sqrt(p).sum()), -(p * logp).sum(), -np.log((p**2).sum()), -logp.max()]
    ordered = np.sort(logp)
    values += [ordered[-1] - ordered[-2], float((logp > logp[int(token_id)]).sum())]
    values.append(-(1 - p_y) * np.log(p_y) - (p * np.log(1 - p)).sum() + p_y * np.log(1 - p_y))
    for power in (0.5, 1.0):
        others = (p * (1 - p) ** power).sum() - p_y * (1 - p_y) ** power - p.sum() + p_y
        values.append(-((1 - p_y) * p_y**power - (1 - p_y) + others) / power)
    return [float(value) for value in values]
