"""Find a target: a folder, a folder under ``models/``, a hub model at a pinned revision, or an endpoint."""

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
    """The place that a target is loaded from.

    Attributes
    ----------
    source, revision : str
        A folder and "", a hub id and a commit hash, or an endpoint's address with the model's name and the version
        that the user states.
    folder : Path or None
        The local folder with its files; None for an endpoint.
    """

    source: str
    revision: str
    folder: Path | None


def is_endpoint(model: str) -> bool:
    """Return whether a target is named by an address, such as ``http://localhost:8000/v1#served-name``."""
    return re.match("https?://", model) is not None


def check_endpoint(where: str, model: str) -> None:
    """Refuse an address that names no model, or that holds a key, because addresses are printed and recorded.

    Parameters
    ----------
    where : str
        Beginning of the message: the key of `params.yaml`, or the argument, that holds the address.
    model : str
        An address for which `is_endpoint` is true.

    Raises
    ------
    EarwitnessError
        If the address is refused; the message hides the part before ``@``.
    """
    if not re.fullmatch(r"https?://[^\s#@]+#\S+", model):
        shown = re.sub("//.*@", "//...@", model)
        raise EarwitnessError(f"{where}: {shown!r} is no endpoint: write http(s)://host/v1#served-name, without a key")


def is_folder(model: str) -> bool:
    """Return whether a model's name is that of a folder, which need not exist."""
    return model.startswith(("models/", "/", ".")) or Path(model).is_dir()


def check_folder(where: str, model: str) -> None:
    """Refuse a folder that holds no checkpoint; accept any name that is not a folder's.

    Parameters
    ----------
    where : str
        Beginning of the message: the key that holds the name.
    model : str

    Raises
    ------
    EarwitnessError
        If the folder has no ``config.json``.
    """
    if is_folder(model) and not (Path(model) / "config.json").is_file():
        raise EarwitnessError(
            f"{where}: no checkpoint in {model!r} (it has no config.json): "
            "correct the path, or put the checkpoint there"
        )


def find(name: str, target: TargetModel) -> Place:
    """Find a target's files; download those of a hub model that are not in the hub's cache.

    Raises
    ------
    EarwitnessError
        If there is no such folder or hub model, if a hub model's revision is not a commit hash, or if a folder has a
        revision.
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
