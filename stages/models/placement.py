"""Where the weights of a target are put, and how they are stored: one device, several with memory and disk, slices.

With `auto`, only whole layers leave the first device, in their order: the next cards, memory, disk. Embeddings,
convolutions, norms, projections and the head stay there. Code that reads such weights directly therefore works, and
inputs go to the first device as for a plain load. `accelerate` brings a layer's inputs, and a layer that is offloaded,
to where the layer runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from stages.core.errors import EarwitnessError
from stages.core.store.ownfolder import own_folder
from stages.models.options import LoadOptions
from stages.models.quantization import is_quantised, rounded

Device = int | str
"""As in a device map of `transformers`: a card's number, "cpu" or "disk"."""

MEMORY = "EARWITNESS_MEMORY"
"""Environment variable: the memory that weights may take, such as ``0=20GB,cpu=64GB``; else what is free."""
ROOM = 0.2
"""Share of a card's memory that is kept for what the forward computes."""
THREADS_OF_CARD = 2
"""While one batch is computed, the results of the one before are fetched and the next is started."""
OFFLOADED = Path(".cache/offload")
"""Holds a folder for each running process that has put layers on disk."""


def placed(model_class: Any, source: Path | str, revision: str | None, options: LoadOptions) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that put and store weights as the options say; empty for a plain load.

    Raises
    ------
    EarwitnessError
        If they cannot be put or stored so.
    """
    stored = rounded(source, revision, options)
    if options.placement == "tensor_parallel":
        if stored:
            raise EarwitnessError(
                f"{source}: quantised layers are not sharded: set placement 'auto', or quantization: none"
            )
        return shard(model_class, source, revision)
    where = spread(model_class, source, revision, options) if options.placement == "auto" else {}
    if stored and {"cpu", "disk"} & set(where.get("device_map", {}).values()):
        raise EarwitnessError(
            f"{source}: does not fit on the cards even as {options.quantization}, and quantised layers are not put in "
            "memory or on disk: choose int4, or set quantization: none"
        )
    return {**stored, **where}


def spread(model_class: Any, source: Path | str, revision: str | None, options: LoadOptions) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that spread a model over the devices; empty if it fits on one.

    Parameters
    ----------
    model_class : type
    source : Path or str
    revision : str or None
    options : LoadOptions

    Raises
    ------
    EarwitnessError
        If what is outside the layers does not fit on the first device.
    """
    model = skeleton(model_class, source, revision)
    width = torch.finfo(getattr(torch, options.dtype)).bits // 8
    memory = available_memory()
    try:
        devices = device_map(model, memory, width, width if options.quantization == "none" else 1)
    except ValueError as error:
        raise EarwitnessError(f"{source}: placement 'auto': {error}") from error
    if set(devices.values()) == {next(iter(memory))}:
        return {}
    return {"device_map": devices, "offload_folder": own_folder(OFFLOADED) if "disk" in devices.values() else None}


def shard(model_class: Any, source: Path | str, revision: str | None) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that load this process's shard of a model, under ``torchrun``.

    Raises
    ------
    EarwitnessError
        If `transformers` has no plan for the model.
    """
    from transformers.distributed.configuration_utils import DistributedConfig

    model = skeleton(model_class, source, revision)
    if not model.tp_plan:
        raise EarwitnessError(
            f"{source}: placement 'tensor_parallel': transformers has no plan for {type(model).__name__}: "
            "choose placement 'auto'"
        )
    return {"distributed_config": DistributedConfig(tp_size=int(os.environ["WORLD_SIZE"]))}


def available_memory() -> dict[Device, int]:
    """Return the bytes that weights may take on each device, in the order in which devices are filled.

    Raises
    ------
    EarwitnessError
        If the environment variable cannot be read.
    """
    from accelerate.utils import convert_file_size_to_int, get_max_memory

    stated = os.environ.get(MEMORY)
    if stated is None:
        found: dict[Device, int] = get_max_memory()
        return {device: int(size * (1 - ROOM)) for device, size in found.items()}
    if not re.fullmatch(r"(\w+=[\d.]+ ?[KMGT]i?B)(,\w+=[\d.]+ ?[KMGT]i?B)*", stated):
        raise EarwitnessError(f"environment: {MEMORY}={stated!r}: write for example 0=20GB,cpu=64GB")
    pairs = (part.split("=") for part in stated.split(","))
    return {int(name) if name.isdigit() else name: convert_file_size_to_int(size) for name, size in pairs}


def device_map(model: torch.nn.Module, memory: Mapping[Device, int], width: int, in_layers: int) -> dict[str, Device]:
    """Return the device of every module: layers fill the devices in their order, all else is on the first.

    Parameters
    ----------
    model : torch.nn.Module
        May be on the meta device.
    memory : mapping of Device to int
        Bytes; the first device is where the model runs. What fits nowhere is on "disk".
    width, in_layers : int
        Bytes of a weight outside and inside the layers.

    Raises
    ------
    ValueError
        If the first device cannot hold what is outside the layers, and one layer at a time.
    """
    layers = dict(layers_of(model))
    count = {name: sum(weight.numel() for weight in layer.parameters()) for name, layer in layers.items()}
    size = {name: in_layers * weights for name, weights in count.items()}
    outside = width * (sum(weight.numel() for weight in model.parameters()) - sum(count.values()))
    first = next(iter(memory))
    left: dict[Device, float] = {**memory, "disk": float("inf")}
    left[first] -= outside
    if left[first] < sum(size.values()):  # some layers are elsewhere, and may be brought here to run
        left[first] -= max(size.values())
    if left[first] < 0:
        raise ValueError(
            f"{first} has {memory[first] / 1e9:.2f} GB for weights, which does not hold all that is outside the layers "
            "and one layer: free memory, or choose a smaller dtype"
        )
    devices: dict[str, Device] = dict.fromkeys(_outside(model, set(layers)), first)
    order = list(left)
    for name in layers:
        while size[name] > left[order[0]]:
            order.pop(0)
        left[order[0]] -= size[name]
        devices[name] = order[0]
    return devices


def is_spread(model: torch.nn.Module) -> bool:
    """Return whether layers of a model, or of one of its parts, lie on other devices than the first."""
    parts = (model, *model.children())
    return any(len(set(getattr(part, "hf_device_map", {}).values())) > 1 for part in parts)


def is_sharded(model: torch.nn.Module) -> bool:
    """Return whether this process holds only a shard of a model, or of one of its parts."""
    return any((getattr(part, "_tp_size", None) or 1) > 1 for part in (model, *model.children()))


def threads(model: torch.nn.Module, workers: int) -> int:
    """Return how many threads may run a model at the same time, each on its own batch, if there are `workers` cores.

    Layers that are brought to where they run are there for one thread alone, and the processes that hold a model's
    shards must run the same batch.
    """
    if is_spread(model) or is_sharded(model):
        return 1
    return workers if next(model.parameters()).device.type == "cpu" else THREADS_OF_CARD


def to_first_device(model: torch.nn.Module) -> None:
    """Put a model on the first card, if there is one; parts that are spread stay where they are."""
    if not torch.cuda.is_available():
        return
    if not is_spread(model) and not is_sharded(model):
        model.to("cuda")
    elif not hasattr(model, "hf_device_map") and not hasattr(model, "_tp_size"):
        for part in model.children():
            to_first_device(part)


def require_whole(model: torch.nn.Module, purpose: str) -> None:
    """Refuse a model whose weights are offloaded or quantised, for a purpose that needs them all as numbers.

    Raises
    ------
    EarwitnessError
        Names the purpose, such as "fine-tuning".
    """
    for key, found in (("placement", is_spread(model) or is_sharded(model)), ("quantization", is_quantised(model))):
        if found:
            plain = "one_device" if key == "placement" else "none"
            raise EarwitnessError(
                f"{purpose} needs all weights at once, in full, which this target's {key} does not give: "
                f"set params.yaml: targets: {key}: {plain}"
            )


def skeleton(model_class: Any, source: Path | str, revision: str | None) -> Any:
    """Return the model without weights."""
    from transformers import AutoConfig

    of_auto = hasattr(model_class, "from_config")
    config_class = AutoConfig if of_auto else model_class.config_class
    config = config_class.from_pretrained(source, revision=revision, trust_remote_code=False)
    with torch.device("meta"):
        return model_class.from_config(config) if of_auto else model_class(config)


def layers_of(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield the outermost members of module lists with their names.

    Lists of single operations are left out, and the one that holds the model's first weight: inputs go to its device.
    """
    first = next(model.parameters(), None)
    for name, found in _lists(model):
        if any(weight is first for weight in found.parameters()) or not all(any(m.children()) for m in found):
            continue
        yield from ((f"{name}.{at}", layer) for at, layer in found.named_children())


def _lists(model: torch.nn.Module, prefix: str = "") -> Iterator[tuple[str, torch.nn.ModuleList]]:
    for name, child in model.named_children():
        if isinstance(child, torch.nn.ModuleList):
            yield f"{prefix}{name}", child
        else:
            yield from _lists(child, f"{prefix}{name}.")


def _outside(model: torch.nn.Module, layers: set[str], prefix: str = "") -> Iterator[str]:
    """Yield the names of modules, and of weights directly in a module, that hold all except the layers."""
    yield from (f"{prefix}{name}" for name, _ in model.named_parameters(recurse=False))
    yield from (f"{prefix}{name}" for name, _ in model.named_buffers(recurse=False))
    for name, child in model.named_children():
        full = f"{prefix}{name}"
        if any(layer.startswith(f"{full}.") for layer in layers):
            yield from _outside(child, layers, f"{full}.")
        elif full not in layers:
            yield full
