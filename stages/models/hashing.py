"""Hashes of weights by content, and a quick comparison that avoids reading unchanged files again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import EarwitnessError

if TYPE_CHECKING:
    from stages.models.adapter import Adapter

CHUNK = 1 << 24  # bytes
PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl"})


def checkpoint_files(folder: Path) -> list[Path]:
    """Return the files of a checkpoint that its numbers depend on: weights, config, processor, tokenizer.

    Raises
    ------
    EarwitnessError
        If the folder is missing, holds no safetensors, or holds weights only as a pickle.
    """
    if not folder.is_dir():
        raise EarwitnessError(f"{folder}: no such folder: put the checkpoint there, or correct params.yaml: targets")
    kinds = {".safetensors", ".json", ".jinja", ".txt", ".model"}
    paths = [*folder.iterdir(), *folder.glob("[!.]*/*")]  # some checkpoints keep parts in folders
    files = sorted(path for path in paths if path.suffix in kinds)
    refuse_pickles(paths)
    for path in files:
        if not path.is_file():  # a folder, a pipe, or a link to nothing
            raise EarwitnessError(f"{path}: no file, or a link to a file that is not there: copy it again")
    if not any(path.suffix == ".safetensors" for path in files):
        raise EarwitnessError(f"{folder}: holds no .safetensors file: put the checkpoint there, saved with safetensors")
    return files


def processor_files(folder: Path) -> list[Path]:
    """Return the files of a folder that a tokenizer and a feature extractor are loaded from."""
    return sorted(path for path in folder.iterdir() if path.suffix in {".json", ".jinja", ".txt", ".model"})


def refuse_pickles(paths: Iterable[Path]) -> None:
    """Refuse weights that exist only as a pickle, because loading a pickle can run code.

    Raises
    ------
    EarwitnessError
        If there is such a file; the message names the first.
    """
    present = set(paths)
    for path in sorted(present):
        kind = re.match(r"(?:pytorch_|adapter_|tf_|flax_)?model", path.name)
        if kind is None or path.suffix not in PICKLED:
            continue
        replaces = "adapter_model" if kind[0] == "adapter_model" else "model"
        beside = (other.name for other in present if other.parent == path.parent and other.suffix == ".safetensors")
        if not any(name.startswith(replaces) for name in beside):
            raise EarwitnessError(
                f"{path}: a pickle, which can run code and is never loaded: load it where you trust it, and save it "
                "with save_pretrained, which writes .safetensors"
            )


def weight_hash(files: list[Path]) -> str:
    """Return a hash of the names and contents of `files`, in their order: 32 hex digits."""
    digest = blake2b(digest_size=16)
    for path in files:
        digest.update(f"{path.name}:{path.stat().st_size};".encode())
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def named_hash(*names: str) -> str:
    """Return a hash of the names of a model whose weights cannot be read: 32 hex digits."""
    return blake2b("\0".join(names).encode(), digest_size=16).hexdigest()


def weights_name(adapter: Adapter) -> str:
    """Return a hash of a model's weights as they are in memory: 32 hex digits."""
    import torch  # heavy, and not needed by a stage that only looks at files

    from stages.models.placement import require_whole

    require_whole(adapter.model, "a hash of weights in memory")
    digest = blake2b(digest_size=16)
    for weight in adapter.model.state_dict().values():
        digest.update(weight.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def quick_look(files: list[Path]) -> list[list[str | int]]:
    """Return name, size and time of change of every file; if none of them changed, the weights count as unchanged."""
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
