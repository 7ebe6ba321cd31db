"""Look at a checkpoint's files before they are loaded: what is not JSON, cut off, absent or there twice is named.

`transformers` reports much of this late, in terms of its own code, or not at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import torch

from stages.core.errors import EarwitnessError

JSON_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "chat_template.json",
    "preprocessor_config.json",
    "processor_config.json",
    "adapter_config.json",
)
INDEX = "*.safetensors.index.json"
POINTER = b"version https://git-lfs"
LENGTH = 8
"""Bytes of a safetensors file that state the length of its header."""
NUMBERS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16}
"""Types of weights, in bits; those that begin with F8, F6 and F4 are named by their bits."""
OTHERS = {"BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64, "C64": 64}
"""Types of which only buffers are, and weights that are quantised; in bits."""


def check_files(folder: Path) -> None:
    """Check the files of a checkpoint's folder, without reading weights.

    Raises
    ------
    EarwitnessError
        If a file is not what its name says, or if an index does not describe its shards; the message names the file.
    """
    for name in JSON_FILES:
        if (folder / name).is_file():
            _object(folder / name)
    _check_dtype(folder / "config.json")
    tensors = {
        path: _tensors(path, _quantised(folder, path))
        for path in sorted(folder.rglob("*.safetensors"))
        if path.is_file()
    }
    for index in sorted(folder.rglob(INDEX)):
        _check_index(index, tensors)


def _object(path: Path) -> dict[str, object]:
    """Read a JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EarwitnessError(f"{path}: not a valid JSON file ({error}): copy it again") from error
    except RecursionError as error:
        raise EarwitnessError(f"{path}: not a valid JSON file (nested too deep): copy it again") from error
    if not isinstance(content, dict):
        raise EarwitnessError(f"{path}: holds no JSON object: copy it again")
    return content


def _check_dtype(path: Path) -> None:
    """Check that the type of a config's weights is one of torch's."""
    config = _object(path) if path.is_file() else {}
    stated = config.get("dtype", config.get("torch_dtype"))
    if stated not in (None, "auto") and not isinstance(
        getattr(torch, str(stated).removeprefix("torch."), None), torch.dtype
    ):
        raise EarwitnessError(f"{path}: dtype {stated!r} is no type of torch: write float32, bfloat16 or float16")


def _quantised(folder: Path, path: Path) -> bool:
    """Return whether the config beside a file of weights, or else the checkpoint's, says that they are quantised."""
    beside = path.parent / "config.json"
    config = beside if beside.is_file() else folder / "config.json"
    stated = _object(config).get("quantization_config") if config.is_file() else None
    if stated is not None and not isinstance(stated, dict):
        raise EarwitnessError(
            f"{config}: quantization_config is {stated!r}, not an object with a quant_method: correct it"
        )
    return bool(stated)


def _tensors(path: Path, quantised: bool) -> set[str]:
    """Return the names of a safetensors file's tensors, and check that the file is whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        beginning = file.read(max(LENGTH, len(POINTER)))
        if beginning.startswith(POINTER):
            raise EarwitnessError(f"{path}: a pointer of Git LFS, not the weights: fetch them with 'git lfs pull'")
        length = int.from_bytes(beginning[:LENGTH], "little")
        file.seek(LENGTH)
        head = file.read(length) if len(beginning) >= LENGTH and length <= size else b""
    try:
        told = json.loads(head)
        told.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in told.values()), default=0)
        places = sorted((*entry["data_offsets"], name) for name, entry in told.items())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EarwitnessError(
            f"{path}: cannot be loaded (deserializing its header of {size} bytes failed): copy the file again"
        ) from error
    if LENGTH + length + end != size:
        raise EarwitnessError(
            f"{path}: cannot be loaded (deserializing needs {LENGTH + length + end} bytes, it has {size}): "
            "copy the file again"
        )
    before = 0
    for first, last, name in places:
        if first != before or last - first != _bytes(path, name, told[name]):
            raise EarwitnessError(f"{path}: {name} has a shape or a place that the file does not hold: save it again")
        before = last
        if name.endswith("weight") and told[name]["dtype"] in OTHERS and not quantised:
            raise EarwitnessError(
                f"{path}: {name} is of type {told[name]['dtype']}, and config.json has no quantization_config that "
                "says what its numbers mean: save the weights as float32 or bfloat16, or write how they are quantised"
            )
    return set(told)


def _bytes(path: Path, name: str, entry: dict[str, object]) -> int:
    """Return how many bytes a tensor of an entry's shape and type has; -1 if there is no such shape."""
    shape, stated = entry.get("shape"), str(entry.get("dtype"))
    bits = {**NUMBERS, **OTHERS}.get(stated) or (int(stated[1]) if stated[:2] in ("F8", "F6", "F4") else None)
    if bits is None:
        raise EarwitnessError(f"{path}: {name} is of type {stated!r}, which is none: save it again")
    if not isinstance(shape, list) or not all(isinstance(width, int) and width >= 0 for width in shape):
        return -1
    return math.prod(shape) * bits // 8


def _check_index(index: Path, tensors: dict[Path, set[str]]) -> None:
    """Check that every tensor lies in the shard that an index names, and in no other."""
    weight_map = _object(index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(shard, str) for shard in weight_map.values()):
        raise EarwitnessError(f"{index}: has no weight_map of tensors and files: save the model again")
    shards = {name: index.parent / name for name in sorted(set(weight_map.values()))}
    for name, path in shards.items():
        if path not in tensors:
            raise EarwitnessError(f"{index}: names {name}, which is not there: copy it, or save the model again")
    for tensor, shard in sorted(weight_map.items()):
        if tensor not in tensors[shards[shard]]:
            raise EarwitnessError(f"{index}: {tensor} is not in {shard}: save the model again")
    for tensor, first, second in _repeated({name: tensors[path] for name, path in shards.items()}):
        raise EarwitnessError(f"{index}: {tensor} is in {first} and in {second}: save the model again")
    unlisted = sorted(set().union(*(tensors[path] for path in shards.values())) - set(weight_map))
    if unlisted:
        raise EarwitnessError(f"{index}: does not name {unlisted[0]}, which its files hold: save the model again")


def _repeated(shards: dict[str, set[str]]) -> Iterator[tuple[str, str, str]]:
    seen: dict[str, str] = {}
    for shard, names in shards.items():
        for name in sorted(names):
            if name in seen:
                yield name, seen[name], shard
            seen[name] = shard
