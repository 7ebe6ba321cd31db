"""Check that tokenizer, extractor and model fit each other: otherwise a forward stops, or scores another text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import safe_open
from transformers import PretrainedConfig

from stages.core.errors import EarwitnessError
from stages.models.placement import skeleton

LEAST_SHARE = 4
"""A model may have so many times the weights that its files hold."""


def check_vocabulary(source: Path | str, model: Any, tokenizer: Any, template: str) -> None:
    """Refuse a tokenizer with a token that the model has no embedding or no logit for, if the token can be used.

    Special tokens that no prompt holds are left out: many fine-tunes add one for padding. So is the placeholder for
    sound, which is never embedded.

    Parameters
    ----------
    source : Path or str
        Where the tokenizer is from, for the message.
    model : transformers.PreTrainedModel
    tokenizer : transformers.PreTrainedTokenizerBase
    template : str
        The chat template; may be empty.

    Raises
    ------
    EarwitnessError
        If there is such a token; the message names the first.
    """
    size, placeholders = vocabulary_size(model), _placeholders(model.config)
    added = getattr(tokenizer, "added_tokens_decoder", {})
    beyond = sorted((at, token) for token, at in tokenizer.get_vocab().items() if at >= size)
    for at, token in beyond:
        special = at in added and added[at].special
        if at not in placeholders and (not special or token in template):
            raise EarwitnessError(
                f"{source}: its tokenizer is not this model's: token {at} ({token!r}) lies outside the model's {size} "
                "embeddings or logits: put the tokenizer there that it was trained with"
            )


def _placeholders(config: Any) -> set[int]:
    """Return the tokens that stand for sound, by the names that configs have for them."""
    named = ("audio_token_id", "audio_token_index")
    held = (getattr(part, name, None) for part in (config, getattr(config, "audio_config", None)) for name in named)
    return {token for token in held if isinstance(token, int)}


def check_tokens(model: Any, tokens: Iterable[int], held_by: str) -> None:
    """Refuse a prompt with a token that the model has no embedding for.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    tokens : iterable of int
    held_by : str
        What holds them, for the message.
    """
    size = vocabulary_size(model)
    for token in tokens:
        if not 0 <= token < size:
            raise EarwitnessError(
                f"{held_by} holds token {token}, which lies outside the model's {size} embeddings or logits: "
                "put the tokenizer and the configs there that it was trained with"
            )


def vocabulary_size(model: Any) -> int:
    """Return the number of tokens that a model has both an embedding and a logit for."""
    layers = (model.get_input_embeddings(), model.get_output_embeddings())
    return min(int(layer.weight.shape[0]) for layer in layers if layer is not None)


def check_features(source: Path | str, model: Any, extractor: Any) -> None:
    """Refuse a feature extractor that makes another number of bands than the encoder takes; waveforms have one."""
    config = getattr(model.config, "audio_config", model.config)
    takes, makes = getattr(config, "num_mel_bins", None), getattr(extractor, "feature_size", None)
    if takes is not None and makes not in (None, 1) and int(takes) != int(makes):
        raise EarwitnessError(
            f"{source}: preprocessor_config.json makes feature_size {makes}, and the model's config takes "
            f"num_mel_bins {takes}: put the extractor there that it was trained with"
        )


def further_layers(model: Any, unused: Iterable[str]) -> list[str]:
    """Return the weights that a checkpoint holds in vain because its config states fewer layers.

    Other unused weights are those of parts that no audit runs, such as a voice.
    """
    kinds = {re.sub(r"\d+", "*", name) for name in model.state_dict()}
    return sorted(name for name in unused if re.search(r"\.\d+\.", name) and re.sub(r"\d+", "*", name) in kinds)


def require_weights(model_class: Any, source: Path | str) -> None:
    """Refuse a folder whose config describes a model of several times the weights that the files hold.

    `transformers` would first draw the others at random, which can take more memory than there is. A tied weight is
    stored once and may be counted twice. Quantised weights are packed, and not counted.

    Raises
    ------
    EarwitnessError
        If there are too few weights; the message names both numbers.
    """
    folder = Path(source)
    if not folder.is_dir() or PretrainedConfig.get_config_dict(folder)[0].get("quantization_config"):
        return
    held = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as weights:
            held += sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    needed = sum(weight.numel() for weight in skeleton(model_class, folder, None).parameters())
    if needed > LEAST_SHARE * held:
        raise EarwitnessError(
            f"{folder}/config.json: describes a model of {needed} weights, and the files hold {held}: put the config "
            "there that the model was saved with"
        )
