"""The parts that a checkpoint is loaded and saved by: model, tokenizer, feature extractor.

They are taken one by one where the family's processor insists on parts for images and video too, with the libraries
that these need.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import torch
from transformers import AutoFeatureExtractor, AutoProcessor, AutoTokenizer

from stages.core.errors import EarwitnessError

LONGEST = 3600.0
"""Seconds that reach a model that states no window: attention over an hour's frames fits no memory."""


@dataclass(frozen=True)
class Parts:
    """A checkpoint's parts.

    Attributes
    ----------
    model : transformers.PreTrainedModel
        Ready for inference.
    tokenizer : transformers.PreTrainedTokenizerBase
        With the chat template, if the checkpoint has one.
    extractor : transformers.SequenceFeatureExtractor or None
        None where the family's adapter computes features itself.
    processor : transformers.ProcessorMixin or None
        What holds tokenizer and extractor, where it needs no more than these two.
    """

    model: Any
    tokenizer: Any
    extractor: Any
    processor: Any = None

    def save(self, folder: Path) -> None:
        """Save weights (safetensors), config, tokenizer and extractor, as `load_parts` reads them."""
        self.model.save_pretrained(folder, safe_serialization=True)
        for part in [self.processor] if self.processor else [self.tokenizer, self.extractor]:
            if part is not None:
                part.save_pretrained(folder)


def load_parts(
    model_class: Any,
    source: Path | str,
    revision: str | None,
    dtype: torch.dtype,
    attention: str,
    kind: Literal["processor", "parts", "tokenizer"] = "parts",
) -> Parts:
    """Load a checkpoint's parts from a folder or the hub: safetensors only, no code from the checkpoint.

    Parameters
    ----------
    model_class : type
    source : Path or str
    revision : str or None
    dtype : torch.dtype
    attention : str
    kind : str
        What is loaded beside the model: the processor with its two parts, the two parts, or the tokenizer alone.
    """
    pinned: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
    model = model_class.from_pretrained(
        source, dtype=dtype, attn_implementation=attention, use_safetensors=True, **pinned
    ).eval()
    if kind == "processor":
        processor = AutoProcessor.from_pretrained(source, **pinned)
        return Parts(model, processor.tokenizer, processor.feature_extractor, processor)
    tokenizer = AutoTokenizer.from_pretrained(source, **pinned)
    return Parts(model, tokenizer, AutoFeatureExtractor.from_pretrained(source, **pinned) if kind == "parts" else None)


class Transcripts:
    """Transcripts as token ids.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        # Whether special tokens are split is a state of the one tokenizer, which prompts and transcripts set unlike.
        self.lock = Lock()

    def ids(self, text: str) -> list[int]:
        """Return the token ids of a transcript; one that spells a special token is text, not a command.

        Raises
        ------
        EarwitnessError
            If the tokenizer has no token for a part of it: it would be scored as another text.
        """
        with self.lock:
            made = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        ids = list(made["input_ids"])
        unknown = self._tokenizer.unk_token_id
        if unknown is not None and unknown != self._tokenizer.eos_token_id and unknown in ids:
            raise EarwitnessError(
                f"the model's tokenizer has no token for a part of the transcript {text!r}: "
                "respell it, or leave this clip out"
            )
        return ids
