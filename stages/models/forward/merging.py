"""What a model gives its language model for a prompt with sound: the merge as `transformers` computes it.

The model's own forward runs until it calls the language model, and stops there. So encoder, projection, masks, and
everything that a family adds on the way are those of `transformers`, and no family needs code for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import get_ident
from typing import Any

import torch

from stages.core.errors import EarwitnessError


class _LanguageModelReachedError(Exception):
    """Ends a forward where its language model is called."""


def merged(
    model: Callable[..., Any], encoder: Any, decoder: Any, arguments: Mapping[str, Any]
) -> tuple[Any, Mapping[str, Any]]:
    """Run a model up to its language model.

    Parameters
    ----------
    model : callable
        The model's forward.
    encoder, decoder : torch.nn.Module
        Modules that the forward calls.
    arguments : mapping of str to object
        Of the forward.

    Returns
    -------
    encoded : object
        What the encoder returned.
    given : mapping of str to object
        The language model's arguments, among them ``inputs_embeds``.

    Raises
    ------
    EarwitnessError
        If the forward does not call both.
    """
    owner = get_ident()  # another thread may run the same modules
    encoded: list[Any] = []
    given: dict[str, Any] = {}

    def keep(module: Any, values: Any, made: Any) -> None:
        if get_ident() == owner:
            encoded.append(made)

    def stop(module: Any, values: Any, named: Mapping[str, Any]) -> None:
        if get_ident() == owner:
            given.update(named)
            raise _LanguageModelReachedError

    handles = [encoder.register_forward_hook(keep), decoder.register_forward_pre_hook(stop, with_kwargs=True)]
    try:
        with suppress(_LanguageModelReachedError):
            model(**arguments)
    finally:
        for handle in handles:
            handle.remove()
    if not encoded or not isinstance(given.get("inputs_embeds"), torch.Tensor):
        raise EarwitnessError(
            f"{type(model).__name__}: its forward gives no merged embeddings to its language model: not supported"
        )
    return encoded[-1], given
