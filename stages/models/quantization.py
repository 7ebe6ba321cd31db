"""How the weights of a target are stored: as in its files, quantised on loading, or quantised by who published it.

On loading, torchao rounds the weights of linear layers, except the head's: int8 with a scale per row, int4 with a scale
per 32 weights of a row. Activations keep the target's dtype, so a row does not depend on the rows of its batch.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers

from stages.core.errors import EarwitnessError
from stages.models.options import LoadOptions

GROUP = 32
"""Number of weights that share a scale in int4; a layer whose input is not a multiple of it is left as it is."""
EXTRA = "pip install 'earwitness[quantized]'"
LIBRARIES = {
    "awq": "gptqmodel",
    "gptq": "gptqmodel",
    "bitsandbytes": "bitsandbytes",
    "compressed-tensors": "compressed_tensors",
    "torchao": "torchao",
    "hqq": "hqq",
    "quanto": "optimum.quanto",
    "auto-round": "auto_round",
    "aqlm": "aqlm",
    "fbgemm_fp8": "fbgemm_gpu",
    "eetq": "kernels",
    "vptq": "vptq",
}
"""The module that reads each kind of published quantised weights; others need none, or `transformers` names it."""


def rounded(source: Path | str, revision: str | None, options: LoadOptions) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that quantise a checkpoint on loading; empty if it stays as it is.

    Raises
    ------
    EarwitnessError
        If a library is missing, if the method of a quantised checkpoint is unknown, or if it is to be quantised again.
    """
    method = published_method(source, revision)
    if method is not None:
        _require_readable(source, method)
    if options.quantization == "none":
        return {}
    if method is not None:
        raise EarwitnessError(
            f"{source}: config.json: its weights are already quantised ({method}), so they cannot be made "
            f"{options.quantization}: set targets: quantization: none"
        )
    if find_spec("torchao") is None:
        raise EarwitnessError(f"{source}: quantization {options.quantization!r} needs the library torchao: {EXTRA}")
    return {"quantization_config": transformers.TorchAoConfig(_scheme(options))}


def published_method(source: Path | str, revision: str | None) -> str | None:
    """Return the method by which a checkpoint's own weights are quantised, as its config names it; None if not."""
    config, _ = transformers.PretrainedConfig.get_config_dict(source, revision=revision)
    stated = config.get("quantization_config") or config.get("compression_config")
    if not isinstance(stated, dict) or not stated:
        return None
    of_bits = stated.get("load_in_4bit") or stated.get("load_in_8bit")
    return "bitsandbytes" if of_bits else str(stated.get("quant_method") or "unnamed")


def is_quantised(model: torch.nn.Module) -> bool:
    """Return whether weights of a model, or of one of its parts, are quantised, on loading or in its files."""
    return any(getattr(part, "hf_quantizer", None) is not None for part in (model, *model.children()))


def decompress(model: Any) -> None:
    """Restore compressed weights now: the library does it when the whole model runs, but adapters run its parts."""
    if hasattr(model, "ct_decompress_hook"):
        model.hf_quantizer.compressor.decompress_model(model)


def _require_readable(source: Path | str, method: str) -> None:
    from transformers.quantizers.auto import AUTO_QUANTIZER_MAPPING

    known = {name.removesuffix("_4bit").removesuffix("_8bit") for name in AUTO_QUANTIZER_MAPPING}
    if method not in known:
        raise EarwitnessError(
            f"{source}: config.json: its weights are quantised by a method that is not known ({method}): "
            f"use one of {', '.join(sorted(known))}, or weights that are not quantised"
        )
    library = LIBRARIES.get(method)
    if library is not None and _is_missing(library):
        raise EarwitnessError(
            f"{source}: config.json: its weights are quantised ({method}), which needs the library "
            f"{library.replace('_', '-')}: install it, or use weights that are not quantised"
        )


def _is_missing(module: str) -> bool:
    package = module.split(".")[0]
    return find_spec(package) is None or find_spec(module) is None


def _scheme(options: LoadOptions) -> Any:
    from torchao.quantization import Int4WeightOnlyConfig, Int8WeightOnlyConfig, IntxWeightOnlyConfig
    from torchao.quantization.granularity import PerGroup

    if options.quantization == "int8":
        return Int8WeightOnlyConfig()
    if torch.cuda.is_available() and options.dtype == "bfloat16":  # its kernel is there for these alone
        return Int4WeightOnlyConfig(group_size=GROUP, int4_packing_format="tile_packed_to_4d")
    return IntxWeightOnlyConfig(
        weight_dtype=torch.int4,  # type: ignore[attr-defined]
        granularity=PerGroup(GROUP),
    )
