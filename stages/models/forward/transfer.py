"""Copy a forward's inputs to the model's device."""

from __future__ import annotations

import torch


def to_device(values: torch.Tensor, device: torch.device, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Return a tensor on a device, in a data type if it holds floats and one is given.

    A card fetches from pinned memory, so that the copy waits for no earlier work and no later work waits for the copy.
    """
    if device.type == "cuda":
        values = values.pin_memory()
    return values.to(device, dtype if values.is_floating_point() else None, non_blocking=True)
