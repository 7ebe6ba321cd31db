"""Find a target: a folder, a folder under ``models/``, a hub model at a pinned revision, or an endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from stages.core.config.nouns import TargetModel
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.models.hashing import checkpoint_files, processor_files
from stages.models.options import LoadOptions, stated_options
from stages.models.sources import MODELS, PROCESSOR, UPDATES, Source, sources_of

PROCESSING = ["*.json", "*.jinja", "*.txt", "*.model"]
FILES = ["*.safetensors", *PROCESSING]


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
    beside : tuple of Path
        The files of a base and of a processor that lie elsewhere.
    """

    source: str
    revision: str
    folder: Path | None
    beside: tuple[Path, ...] = ()

    def files(self) -> list[Path]:
        """Return every file that the target's numbers depend on; none for an endpoint."""
        return [*checkpoint_files(self.folder), *self.beside] if self.folder else []


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
    """Refuse a folder that holds neither a checkpoint nor low-rank updates; accept any name that is not a folder's.

    Parameters
    ----------
    where : str
        Beginning of the message: the key that holds the name.
    model : str

    Raises
    ------
    EarwitnessError
        If the folder has neither ``config.json`` nor ``adapter_config.json``.
    """
    if is_folder(model) and not any((Path(model) / name).is_file() for name in ("config.json", UPDATES)):
        raise EarwitnessError(
            f"{where}: no checkpoint in {model!r} (it has no config.json): "
            "correct the path, or put the checkpoint there"
        )


def check_parts(key: str, target: TargetModel) -> None:
    """Check where a target's processor, and the base of its low-rank updates, are stated to be.

    Parameters
    ----------
    key : str
        The target's section, such as ``params.yaml: targets.mine``.
    target : TargetModel

    Raises
    ------
    EarwitnessError
        If one is neither a folder nor pinned, if the processor's folder has none, or if a served model states one.
    """
    for part in ("processor", "base"):
        stated = getattr(target, part)
        if stated == NONE:
            continue
        if is_endpoint(target.model):
            raise EarwitnessError(f"{key}.{part}: a served model brings its own: write 'none'")
        found = Source.of(f"{key}.{part}", stated)
        needed = (*PROCESSOR, "tokenizer_config.json", "tekken.json") if part == "processor" else ("config.json",)
        if isinstance(found.name, Path) and not any(found.file(name) for name in needed):
            raise EarwitnessError(f"{key}.{part}: {found} has none of {', '.join(needed)}: correct the folder")


def find(name: str, target: TargetModel) -> Place:
    """Find a target's files; download those of a hub model that are not in the hub's cache.

    Raises
    ------
    EarwitnessError
        If there is no such folder or hub model, if a hub model's revision is not a commit hash, or if a folder has a
        revision.
    """
    key = f"params.yaml: targets.{name}"
    check_parts(key, target)
    if is_endpoint(target.model):
        check_endpoint(f"{key}.model", target.model)
        return Place(target.model, target.revision, None)
    if target.requests != "direct":
        raise EarwitnessError(f"{key}.requests: only a served model is asked by batches: write 'direct'")
    for folder in (Path(target.model), MODELS / target.model):
        if folder.is_dir():
            if target.revision != NONE:
                raise EarwitnessError(f"{key}.revision: {folder} is a folder, which has none: write 'none'")
            return place_of(key, folder, stated_options(target, "", "sdpa"))
    if Path(target.model).is_file():
        raise EarwitnessError(f"{key}.model: {target.model} is a file: give the folder of the checkpoint")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", target.model):
        raise EarwitnessError(f"{key}.model: no folder {target.model!r}, nor in models/: put it there or correct it")
    if not re.fullmatch(r"[0-9a-f]{40}", target.revision):
        raise EarwitnessError(f"{key}.revision: {target.revision!r} pins nothing: give the 40 digits of a commit")
    snapshot = _snapshot(f"{key}.model", target.model, target.revision, FILES)
    return Place(target.model, target.revision, snapshot, _beside(key, snapshot, stated_options(target, "", "sdpa")))


def place_of(key: str, folder: Path, options: LoadOptions) -> Place:
    """Return the place of a checkpoint that lies in a folder.

    Parameters
    ----------
    key : str
        Beginning of messages.
    folder : Path
    options : LoadOptions
    """
    return Place(folder.as_posix(), "", folder, _beside(key, folder, options))


def _beside(key: str, folder: Path, options: LoadOptions) -> tuple[Path, ...]:
    """Return the files of a base and of a processor that lie elsewhere; download what is on the hub."""
    used = sources_of(folder, options)
    found: list[Path] = []
    for part, source, patterns, files in (
        ("base", used.model, FILES, checkpoint_files),
        ("processor", used.processor, PROCESSING, processor_files),
    ):
        if source.name == folder or (part == "processor" and source == used.model):
            continue
        local = source.name
        if not isinstance(local, Path):
            local = _snapshot(f"{key}.{part}", local, source.revision or "", patterns)
        found += files(local)
    return tuple(found)


def _snapshot(key: str, model: str, revision: str, patterns: list[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EarwitnessError(f"{key}: no folder, and the hub does not give it ({reason}): correct it") from error
