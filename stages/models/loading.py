"""Load a checkpoint with the adapter of its architecture: as its record pins it, or from a given place."""

from __future__ import annotations

import warnings
from pathlib import Path

import transformers
from torch.distributed import is_torchelastic_launched

from stages.core.errors import EarwitnessError
from stages.core.store.codeversion import code_version
from stages.models import families  # noqa: F401 (registers them)
from stages.models.adapter import ADAPTERS, Adapter
from stages.models.families.alignments import other_statistics
from stages.models.families.generic import GenericAdapter, model_class
from stages.models.hashing import refuse_pickles
from stages.models.inspection import check_files
from stages.models.options import LoadOptions
from stages.models.placement import to_first_device
from stages.models.places import is_endpoint
from stages.models.quantization import published_method
from stages.models.record import TargetRecord
from stages.models.sharded import ShardedAdapter
from stages.models.sources import sources_of

ENDPOINT = "endpoint"
PUBLISHED = {"phi4mm": "phi4_multimodal"}
"""Architectures that are published with code of their own, and the one of `transformers` that they are converted to."""


def load_adapter(record: TargetRecord) -> Adapter:
    """Load the model that a record names, exactly as the record pins it.

    Raises
    ------
    EarwitnessError
        If the files are missing, or no adapter supports the architecture.
    """
    return load_checkpoint(record.model, record.options())


def load_checkpoint(model: str, options: LoadOptions) -> Adapter:
    """Load a checkpoint from a folder or from the hub, or connect to an endpoint.

    Parameters
    ----------
    model : str
        An endpoint's address, a folder, or a hub id; a folder of that name takes precedence over a hub id.
    options : LoadOptions
    """
    if is_endpoint(model):
        return ADAPTERS[ENDPOINT].load(model, options)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # it tabulates missing weights, which are one line here
    source: Path | str = Path(model) if Path(model).is_dir() else model
    options = options.model_copy(update={"revision": ""}) if isinstance(source, Path) else options
    used = sources_of(source, options)
    for folder in {part.name for part in (used.model, used.updates, used.processor) if part is not None}:
        if isinstance(folder, Path):
            refuse_pickles(folder.rglob("*"))
            check_files(folder)
    architecture = architecture_of(used.model.name, used.model.revision)
    _check_told(architecture, options)
    sharded = options.placement == "tensor_parallel" and not is_torchelastic_launched()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries warn of their own code; what matters here is an error
            adapter = (ShardedAdapter if sharded else adapter_class(architecture)).load(source, options)
    except EarwitnessError:
        raise
    except Exception as error:  # what is wrong with a checkpoint raises errors of every kind
        method = published_method(used.model.name, used.model.revision)
        raise _unloadable(model, error, method) from error
    to_first_device(adapter.model)
    return adapter


def model_code(architecture: str) -> list[str]:
    """Return the versions of the code that loads and runs a target; numbers computed with it depend on them."""
    return [code_version(module) for module in (__name__, adapter_class(architecture).__module__)]


def adapter_class(architecture: str) -> type[Adapter]:
    """Return the adapter of a ``model_type``: the generic family for one that no file names."""
    if architecture in ADAPTERS:
        return ADAPTERS[architecture]
    return GenericAdapter


def architecture_of(source: Path | str, revision: str | None) -> str:
    """Return the checkpoint's ``model_type``.

    It is not read by `AutoConfig`, which refuses types that `transformers` does not know.

    Raises
    ------
    EarwitnessError
        If the config cannot be read, names no type, or names one that no adapter supports and whose class in
        `transformers` lacks the interface of the generic family.
    """
    try:
        config, _ = transformers.PretrainedConfig.get_config_dict(source, revision=revision)
    except (OSError, ValueError) as error:
        raise _unloadable(source, error) from error
    architecture = config.get("model_type")
    if not isinstance(architecture, str) or not architecture:
        raise EarwitnessError(
            f"{source}: cannot be loaded (no config.json that names a model_type): correct the folder"
        )
    known = [name for name in ADAPTERS if name != ENDPOINT]
    if architecture in PUBLISHED:
        raise EarwitnessError(
            f"{source}: its architecture {architecture!r} needs code from the checkpoint, which is "
            f"never run: 'earwitness convert {source} OUT' writes it as {PUBLISHED[architecture]!r}"
        )
    if architecture not in known and model_class(source, revision)[0] is None:
        if reason := other_statistics(architecture):
            raise EarwitnessError(f"{source}: its architecture {architecture!r} {reason}: name another model")
        needs = "needs code from the checkpoint, which is never run" if "auto_map" in config else "has no adapter"
        raise EarwitnessError(
            f"{source}: its architecture {architecture!r} {needs}: use one of {', '.join(known)}, or serve it"
        )
    return architecture


def _check_told(architecture: str, options: LoadOptions) -> None:
    """Refuse a language or a task for a family that is told neither."""
    if not adapter_class(architecture).takes_language and (options.language or options.task != "transcribe"):
        key = "language" if options.language else "task"
        raise EarwitnessError(f"targets.<name>.{key}: a model of the type {architecture!r} is told none: remove it")


def _unloadable(source: Path | str, error: Exception, quantised: str | None = None) -> EarwitnessError:
    reason = reason_of(error)
    if quantised:
        return EarwitnessError(
            f"{source}/config.json: quantization_config of the method {quantised!r} cannot be run here ({reason}): "
            "install its library, or take the checkpoint that is not quantised"
        )
    return EarwitnessError(f"{source}: cannot be loaded ({reason}): correct the folder, or the id and revision")


def reason_of(error: Exception) -> str:
    """Return what an error says: its first line, with the next where the first only announces it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, KeyError):  # it says the key alone
        return f"{error} is not known"
    return " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1]) or type(error).__name__
