"""Where a target is: a folder, a folder under ``models/``, the hub's cache at a pinned revision, or an endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from stages.core.config.nouns import TargetModel
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError

MODELS = Path("models")
FILES = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]


@dataclass(frozen=True)
class Place:
    """Where a target is.

    Attributes
    ----------
    source, revision : str
        What it is loaded by: a folder and "", a hub id and a commit hash, or an endpoint's address with the model's
        name and whatever the user calls its version.
    folder : Path or None
        Where its files lie on this disk; None for an endpoint.
    """

    source: str
    revision: str
    folder: Path | None


def is_endpoint(model: str) -> bool:
    """Return whether a target is named by an address, as ``http://localhost:8000/v1#served-name``."""
    return re.match("https?://", model) is not None


def check_endpoint(where: str, model: str) -> None:
    """Refuse an address that names no model or holds a key, which would be printed and recorded.

    Parameters
    ----------
    where : str
        What the message begins with: the key of `params.yaml`, or the argument, that holds the address.
    model : str
        What `is_endpoint` takes for one.

    Raises
    ------
    EarwitnessError
        That shows the address without what stands before ``@``.
    """
    if not re.fullmatch(r"https?://[^\s#@]+#\S+", model):
        shown = re.sub("//.*@", "//...@", model)
        raise EarwitnessError(f"{where}: {shown!r} is no endpoint: write http(s)://host/v1#served-name, without a key")


def is_folder(model: str) -> bool:
    """Return whether a model is named by a folder, whether it is there or not."""
    return model.startswith(("models/", "/", ".")) or Path(model).is_dir()


def check_folder(where: str, model: str) -> None:
    """Refuse a folder without a checkpoint; what is no folder passes.

    Parameters
    ----------
    where : str
        What the message begins with: the key that holds the name.
    model : str

    Raises
    ------
    EarwitnessError
    """
    if is_folder(model) and not (Path(model) / "config.json").is_file():
        raise EarwitnessError(
            f"{where}: no checkpoint in {model!r} (it has no config.json): "
            "correct the path, or put the checkpoint there"
        )


def find(name: str, target: TargetModel) -> Place:
    """Find a target's files, downloading those of a hub model that are not in the hub's cache.

    Raises
    ------
    EarwitnessError
        If there is neither such a folder nor such a hub model, or the revision does not pin it.
    """
    key = f"params.yaml: targets.{name}"
    if is_endpoint(target.model):
        check_endpoint(f"{key}.model", target.model)
        return Place(target.model, target.revision, None)
    for folder in (Path(target.model), MODELS / target.model):
        if folder.is_dir():
            if target.revision != NONE:
                raise EarwitnessError(f"{key}.revision: {folder} is a folder, which has none: write 'none'")
            return Place(folder.as_posix(), "", folder)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", target.model):
        raise EarwitnessError(f"{key}.model: no folder {target.model!r}, nor in models/: put it there or correct it")
    if not re.fullmatch(r"[0-9a-f]{40}", target.revision):
        raise EarwitnessError(f"{key}.revision: {target.revision!r} pins nothing: give the 40 digits of a commit")
    return Place(target.model, target.revision, _snapshot(key, target))


def _snapshot(key: str, target: TargetModel) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(target.model, revision=target.revision, allow_patterns=FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EarwitnessError(f"{key}.model: no folder, and the hub does not give it ({reason}): correct it") from error
