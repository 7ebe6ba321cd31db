"""The parts of a checkpoint that are loaded and saved: model, tokenizer, feature extractor.

They are loaded one by one if the family's processor also requires parts for images and video, because those need
further libraries.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import torch
from transformers import AutoFeatureExtractor, AutoProcessor, AutoTokenizer
from transformers.utils.hub import cached_file

from stages.core.errors import EarwitnessError
from stages.models.forward.processors import sound_processor
from stages.models.forward.vocabulary import check_features, check_vocabulary, further_layers, require_weights
from stages.models.options import LoadOptions
from stages.models.placement import placed, require_whole
from stages.models.quantization import decompress
from stages.models.sources import PROCESSOR, UPDATES, Source, sources_of

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

LONGEST = 3600.0
"""Window, in seconds, of a model that states none. Attention over longer audio would not fit into memory."""

TEKKEN = "tekken.json"
TRAINED_ALONE = ("masked_spec_embed",)
"""Weights that only training uses. Released speech encoders omit them."""
PartsKind = Literal["processor", "sound", "parts", "tokenizer"]
"""What is loaded with a model: its processor, its processor without parts for images, its tokenizer and feature
extractor, or its tokenizer alone."""


@dataclass(frozen=True)
class Parts:
    """A checkpoint's parts.

    Attributes
    ----------
    model : transformers.PreTrainedModel
        In inference mode.
    tokenizer : transformers.PreTrainedTokenizerBase
        Holds the chat template, if the checkpoint has one.
    extractor : transformers.SequenceFeatureExtractor or None
        None if the family's adapter computes features itself.
    processor : transformers.ProcessorMixin or None
        Holds tokenizer and extractor; None if the parts are loaded one by one.
    options : LoadOptions
        How the checkpoint was loaded.
    """

    model: Any
    tokenizer: Any
    extractor: Any
    processor: Any = None
    options: LoadOptions = field(default_factory=LoadOptions)

    @classmethod
    def of_processor(cls, model: Any, processor: Any) -> Parts:
        """Return a model with its processor, and the processor's tokenizer and feature extractor."""
        return cls(model, processor.tokenizer, processor.feature_extractor, processor)

    @property
    def template(self) -> str | None:
        """The checkpoint's chat template: the processor's, which supports audio, or else the tokenizer's."""
        found: str | None = getattr(self.processor, "chat_template", None) or self.tokenizer.chat_template
        return found

    def save(self, folder: Path) -> None:
        """Save weights (safetensors), config, tokenizer and extractor, in the form that `load_parts` reads."""
        self.model.save_pretrained(folder, safe_serialization=True)
        for part in [self.processor] if self.processor else [self.tokenizer, self.extractor]:
            if part is not None:
                part.save_pretrained(folder)


def load_parts(
    model_class: Any,
    source: Path | str,
    options: LoadOptions,
    kind: PartsKind = "parts",
    eager_parts: Sequence[str] = (),
) -> Parts:
    """Load a checkpoint's parts from a folder or the hub: only safetensors, and no code from the checkpoint.

    Parameters
    ----------
    model_class : type
    source : Path or str
    options : LoadOptions
    kind : PartsKind
    eager_parts : sequence of str
        Parts of the model, by their names in its config, that do not offer the attention of `options`.
    """
    used = sources_of(source, options)
    attention = {"": options.attention, **dict.fromkeys(eager_parts, "eager")} if eager_parts else options.attention
    how: dict[str, Any] = {"dtype": DTYPES[options.dtype], "attn_implementation": attention}
    where = placed(model_class, used.model.name, used.model.revision, options)
    model = load_model(model_class, used.model.name, used.model.revision, **how, **where)
    if used.updates is not None:
        model = with_updates(model, used.updates.name, used.updates.revision, "")
    pinned: dict[str, Any] = {"revision": used.processor.revision, "trust_remote_code": False}
    if kind != "tokenizer":
        require_extractor(used.processor)
    if kind == "processor":
        processor = AutoProcessor.from_pretrained(used.processor.name, **pinned)
        checked_tokenizer(used.processor.name, processor.tokenizer)
        parts = Parts(model, processor.tokenizer, processor.feature_extractor, processor, options)
    elif kind == "sound":
        processor = sound_processor(used.processor.name, load_tokenizer(used.processor), **pinned)
        parts = Parts(model, processor.tokenizer, processor.feature_extractor, processor, options)
    else:
        tokenizer = load_tokenizer(used.processor)
        extractor = AutoFeatureExtractor.from_pretrained(used.processor.name, **pinned) if kind == "parts" else None
        parts = Parts(model, tokenizer, extractor, options=options)
    check_vocabulary(used.processor.name, model, parts.tokenizer, parts.template or "")
    check_features(used.processor.name, model, parts.extractor)
    return parts


def load_tokenizer(source: Source) -> Any:
    """Load a tokenizer that splits special tokens and tells where tokens lie in the text.

    Mistral publishes its tokenizer as ``tekken.json`` alone. `transformers` would wrap mistral-common around it, which
    does neither, so the file is read into an ordinary tokenizer with the same tokens.
    """
    tekken = source.file(TEKKEN)
    if tekken is not None and source.file("tokenizer.json") is None:
        from transformers.integrations.mistral.tokenizer import convert_tekken_tokenizer

        return checked_tokenizer(source.name, convert_tekken_tokenizer(str(tekken), chat_template=""))
    own = {"mistral_format": False} if tekken is not None else {}
    tokenizer = AutoTokenizer.from_pretrained(source.name, revision=source.revision, trust_remote_code=False, **own)
    return checked_tokenizer(source.name, tokenizer)


def require_extractor(source: Source) -> None:
    """Refuse a checkpoint that was saved without its feature extractor; the message names the params key."""
    if not any(source.file(name) for name in PROCESSOR):
        raise EarwitnessError(
            f"{source}: has no feature extractor (neither {' nor '.join(PROCESSOR)}): copy it from the model that was "
            "fine-tuned, or write that model to targets.<name>.processor, as FOLDER or ID@<40 digits>"
        )


def load_model(model_class: Any, source: Path | str, revision: str | None = None, **options: Any) -> Any:
    """Load a model into inference mode; every weight must come from the checkpoint's safetensors.

    `transformers` fills missing weights with random numbers, which an audit would treat as trained weights.

    Raises
    ------
    EarwitnessError
        If weights are missing, or do not have the shape that the config states; or if the architecture does not have
        the attention implementation that the options state.
    """
    require_updates(source, revision)
    require_weights(model_class, source)
    try:
        model, found = model_class.from_pretrained(
            source,
            revision=revision,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # so that the error below can name them
            **options,
        )
    except ValueError as error:
        if "does not support an attention implementation" not in str(error):
            raise
        raise EarwitnessError(f"{source}: has no such attention: set target.attention to eager") from error
    unfit = sorted(name for name, *_ in found["mismatched_keys"])
    absent = sorted(name for name in found["missing_keys"] if not name.endswith(TRAINED_ALONE))
    beyond = further_layers(model, found["unexpected_keys"])
    for names, fault in (
        (unfit, "have another shape than its config says"),
        (absent, "are not in its files"),
        (beyond, "are of layers that its config does not count"),
    ):
        if names:
            raise EarwitnessError(
                f"{source}: cannot be loaded ({len(names)} weights {fault}, such as {names[0]}): save it whole again"
            )
    decompress(model)
    return model.eval()


def require_updates(source: Path | str, revision: str | None, subfolder: str = "") -> bool:
    """Return whether a checkpoint has low-rank updates in a subfolder, and require that they are safetensors.

    `peft` and `transformers` would load a pickle if there is no other file.
    """
    where: dict[str, Any] = {
        "revision": revision,
        "subfolder": subfolder,
        "_raise_exceptions_for_missing_entries": False,
        "_raise_exceptions_for_connection_errors": False,
    }
    if cached_file(source, UPDATES, **where) is None:
        return False
    if cached_file(source, "adapter_model.safetensors", **where) is None:
        raise EarwitnessError(f"{Path(source, subfolder)}: has {UPDATES}, but no adapter_model.safetensors: save it so")
    return True


def with_updates(model: Any, source: Path | str, revision: str | None, subfolder: str) -> Any:
    """Return a model with the low-rank updates of a checkpoint's subfolder merged; unchanged if there are none."""
    if not require_updates(source, revision, subfolder):
        return model
    from peft import PeftModel

    require_whole(model, "merging low-rank updates")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Found missing adapter keys")
        try:
            updated: Any = PeftModel.from_pretrained(model, str(source), revision=revision, subfolder=subfolder)
        except (UserWarning, RuntimeError) as error:
            raise EarwitnessError(
                f"{Path(source, subfolder)}: its updates are not those of this model ({str(error).splitlines()[0]}): "
                "save them again"
            ) from error
        except Exception as error:  # updates of a kind that is unknown, or that its config does not describe
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise EarwitnessError(
                f"{Path(source, subfolder) / UPDATES}: its updates cannot be read ({reason}): save low-rank updates"
            ) from error
    try:
        return updated.merge_and_unload().eval()
    except (AttributeError, NotImplementedError) as error:
        raise EarwitnessError(
            f"{Path(source, subfolder) / UPDATES}: peft_type {updated.active_peft_config.peft_type.value} cannot be "
            "merged into weights: save low-rank updates"
        ) from error


def checked_tokenizer(source: Path | str, tokenizer: Any) -> Any:
    """Return a tokenizer, or refuse one without tokens, which `transformers` makes if its files are missing."""
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise EarwitnessError(
            f"{source}: cannot be loaded (no tokenizer.json, nor other files of one): put it there, "
            "or write the model that was fine-tuned to targets.<name>.processor"
        )
    return tokenizer


class Transcripts:
    """Turns transcripts into token ids.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        # Prompts and transcripts need different settings for splitting special tokens, a state of the one tokenizer.
        self.lock = Lock()

    def ids(self, text: str) -> list[int]:
        """Return the token ids of a transcript; a special token that it spells out is encoded as plain text.

        Raises
        ------
        EarwitnessError
            If the tokenizer has no token for a part of it, because another text would be scored.
        """
        told = self._tokenizer.is_fast  # only fast tokenizers report where tokens lie in the text
        with self.lock:
            made = self._tokenizer(
                text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=told
            )
        ids = list(made["input_ids"])
        unknown = self._tokenizer.unk_token_id
        replaced = unknown is not None and unknown != self._tokenizer.eos_token_id and unknown in ids
        if replaced or (told and _dropped(text, made["offset_mapping"])):
            raise EarwitnessError(
                f"the model's tokenizer has no token for a part of the transcript {text!r}: "
                "respell it, or leave this clip out"
            )
        return ids


def _dropped(text: str, offsets: Iterable[tuple[int, int]]) -> bool:
    """Return whether a letter or digit lies in no token; a tokenizer without an unknown token drops such letters."""
    covered = {at for start, end in offsets for at in range(start, end)}
    return any(letter.isalnum() and at not in covered for at, letter in enumerate(text))
