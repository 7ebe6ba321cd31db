"""Save a trained model as files: the checkpoint's folder, the loss curve, and the record for downstream stages."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stages.core.store.jsonfile import write_text
from stages.models.adapter import Adapter
from stages.models.audibility import audio_effect, is_audible
from stages.models.checks.understanding import understanding
from stages.models.hashing import named_hash, weight_hash
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.params import ModelParams
from stages.models.places import Place
from stages.models.quantization import published_method
from stages.models.record import UNSTATED, TargetRecord, write_record
from stages.models.sources import sources_of


def keep_trained(
    adapter: Adapter,
    name: str,
    losses: Sequence[float],
    folder: Path,
    params: ModelParams,
    base: LoadOptions | None = None,
) -> None:
    """Save a trained model, its loss curve and its record.

    Parameters
    ----------
    adapter : Adapter
        After training, ready for inference.
    name : str
        The name of the target that the model becomes.
    losses : sequence of float
        The loss of each step.
    folder : Path
        ``checkpoint/`` and ``loss.csv`` are written there.
    params : ModelParams
    base : LoadOptions, optional
        How the trained model's base was loaded. The copy is told the same language and task; its folder holds the rest.
    """
    files = folder / "checkpoint"
    save_checkpoint(adapter, files)
    write_losses(losses, folder / "loss.csv")
    # Load it again, so that the record describes exactly what other stages will load.
    dtype = str(next(adapter.model.parameters()).dtype).removeprefix("torch.")
    told = (base or LoadOptions()).model_dump(include={"language", "task"})
    options = LoadOptions(dtype=dtype, attention=params.target.attention, **told)
    saved = load_checkpoint(files.as_posix(), options)
    record = describe(saved, name, Place(files.as_posix(), "", files), options, params)
    print(f"{name}: {record.words()}", flush=True)
    write_record(record)


def save_checkpoint(adapter: Adapter, folder: Path) -> None:
    """Save weights and processor beside `folder`, then rename, so that nobody reads an incomplete checkpoint."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(temporary, ignore_errors=True)
    adapter.save(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def write_losses(losses: Sequence[float], path: Path) -> None:
    """Write the loss curve, in nats per token, as CSV with the columns step and loss."""
    lines = ["step,loss", *(f"{step},{loss:.5f}" for step, loss in enumerate(losses))]
    write_text(path, "\n".join(lines) + "\n")


def describe(adapter: Adapter, name: str, place: Place, options: LoadOptions, params: ModelParams) -> TargetRecord:
    """Check a loaded target and return its record.

    Parameters
    ----------
    adapter : Adapter
    name : str
        The target's key in `params.yaml`.
    place : Place
        Where it was found. Other stages load it by `place.source`.
    options : LoadOptions
        How it was loaded.
    params : ModelParams
        Holds the smallest effect of audio that counts, and the seed of the check.
    """
    model: Any = adapter.model
    weights = list(model.parameters())
    adapter.verify()
    effect = audio_effect(adapter, params.seed)
    audible = is_audible(effect, params.target.min_audio_effect)
    files = place.files()
    return TargetRecord(
        name=name,
        model=place.source,
        weight_hash=weight_hash(files) if files else named_hash(place.source, options.revision),
        architecture=model.config.model_type,
        parameters=sum(weight.numel() for weight in weights),
        **options.model_dump(exclude={"dtype", "attention"}),
        dtype=str(weights[0].dtype).removeprefix("torch.") if files else UNSTATED,
        attention=options.attention if files else UNSTATED,
        published_quantization=_published_quantization(place, options),
        window_seconds=adapter.window_seconds,
        audible=audible,
        audio_effect={kind: round(change, 6) for kind, change in effect.items()},
        spoken=understanding(adapter) if audible else None,
    )


def _published_quantization(place: Place, options: LoadOptions) -> str:
    """Return the method by which a checkpoint's own weights are quantised; empty if they are not."""
    if place.folder is None:
        return ""
    weights = sources_of(place.folder, options).model
    return published_method(weights.name, weights.revision) or ""
