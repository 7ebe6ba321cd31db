"""Where a checkpoint's parts come from: its own folder, the base of its low-rank updates, a processor elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.models.options import LoadOptions

MODELS = Path("models")
UPDATES = "adapter_config.json"
WHOLE = ("model.safetensors", "model.safetensors.index.json")
"""The files of which a checkpoint with all its weights has one."""
PROCESSOR = ("processor_config.json", "preprocessor_config.json")
"""The files of which a folder with a feature extractor has one."""


@dataclass(frozen=True)
class Source:
    """A folder, or a hub id with a commit.

    Attributes
    ----------
    name : Path or str
    revision : str or None
        None for a folder.
    """

    name: Path | str
    revision: str | None = None

    @classmethod
    def of(cls, key: str, stated: str) -> Source:
        """Return the source that a params key states: a folder, one below ``models/``, or a hub id and ``@commit``.

        Raises
        ------
        EarwitnessError
            If it is none of these.
        """
        for folder in (Path(stated), MODELS / stated):
            if folder.is_dir():
                return cls(folder)
        name, _, revision = stated.partition("@")
        if re.fullmatch(r"[\w.-]+/[\w.-]+", name) and re.fullmatch(r"[0-9a-f]{40}", revision):
            return cls(name, revision)
        raise EarwitnessError(
            f"{key}: {stated!r} is neither a folder, nor a hub id with a commit: write FOLDER, or ID@<40 digits>"
        )

    def file(self, name: str) -> Path | None:
        """Return one of its files; None if it has no such file. A hub's file is looked up in the hub's cache first."""
        if isinstance(self.name, Path):
            path = self.name / name
            return path if path.is_file() else None
        from transformers.utils.hub import cached_file

        found = cached_file(
            self.name,
            name,
            revision=self.revision,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        return None if found is None else Path(found)

    def __str__(self) -> str:
        return str(self.name)


@dataclass(frozen=True)
class Sources:
    """Where the parts of a checkpoint come from.

    Attributes
    ----------
    model : Source
        Config and weights.
    updates : Source or None
        Low-rank updates that are merged into the weights.
    processor : Source
        Tokenizer and feature extractor.
    """

    model: Source
    updates: Source | None
    processor: Source


def sources_of(source: Path | str, options: LoadOptions) -> Sources:
    """Return where the parts of a checkpoint come from.

    A folder that holds low-rank updates alone takes its weights from their base. Its processor is its own if it has
    one, else that of the base. A processor that the options name comes before both.

    Raises
    ------
    EarwitnessError
        If the base, or the processor, is not there or not pinned.
    """
    own = Source(source, None if isinstance(source, Path) else options.pinned)
    model, updates = (own, None) if not is_update(own) else (_base(own, options), own)
    if options.base and updates is None:
        raise EarwitnessError(f"targets.<name>.base: {source} has weights of its own, so no base is read: remove it")
    if options.processor:
        processor = Source.of("targets.<name>.processor", options.processor)
    else:
        processor = own if any(own.file(name) for name in PROCESSOR) else model
    return Sources(model, updates, processor)


def is_update(source: Source) -> bool:
    """Return whether a checkpoint holds low-rank updates without the weights that they change."""
    return source.file(UPDATES) is not None and not any(source.file(name) for name in WHOLE)


def _base(own: Source, options: LoadOptions) -> Source:
    """Return the base of low-rank updates: the one that the options state, else the one that the updates name."""
    if options.base:
        return Source.of("targets.<name>.base", options.base)
    path = own.file(UPDATES)
    assert path is not None
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        named, revision = str(stated.get("base_model_name_or_path") or ""), str(stated.get("revision") or "")
    except (ValueError, AttributeError) as error:
        raise EarwitnessError(f"{path}: not a JSON object ({error}): save the updates again") from error
    if not named:
        raise EarwitnessError(f"{path}: base_model_name_or_path is empty: write the base to targets.<name>.base")
    try:
        return Source.of("", named if Path(named).is_dir() else f"{named}@{revision}")
    except EarwitnessError as error:
        raise EarwitnessError(
            f"{path}: base_model_name_or_path {named!r} is neither a folder, nor pinned to a commit: "
            "write the base to targets.<name>.base, as FOLDER or ID@<40 digits>"
        ) from error
