"""A model's processor, without the parts for images and video, which need further libraries.

A processor repeats the audio token in a prompt as often as the encoder gives vectors, and computes the encoder's input.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoFeatureExtractor, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING, processor_class_from_name

from stages.core.errors import EarwitnessError

HEARING = ("feature_extractor", "audio_processor")
"""The names under which processors hold their feature extractor."""
SETTINGS = "processor_config.json"


class SoundProcessor:
    """Lets a processor hold None in place of its parts for images and video; put before the processor's class."""

    settings: dict[str, Any]

    def check_argument_for_proper_class(self, name: str, part: Any) -> Any:
        """Accept None for a part."""
        return None if part is None else super().check_argument_for_proper_class(name, part)  # type: ignore[misc]

    def save_pretrained(self, folder: Path | str) -> None:
        """Save the parts that are there, the settings and the chat template."""
        processor: Any = self
        for name in processor.get_attributes():
            if getattr(processor, name) is not None:
                getattr(processor, name).save_pretrained(folder)
        made = {"processor_class": type(self).__name__, **self.settings}
        Path(folder, SETTINGS).write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        if processor.chat_template is not None:
            Path(folder, "chat_template.jinja").write_text(processor.chat_template, encoding="utf-8")


def sound_processor(source: Path | str, tokenizer: Any, **pinned: Any) -> Any:
    """Load a checkpoint's processor from a folder or the hub, with a tokenizer that is loaded.

    Raises
    ------
    EarwitnessError
        If `transformers` knows no processor for it, or the processor has no feature extractor.
    """
    settings, _ = ProcessorMixin.get_processor_dict(source, **pinned)
    kind = _processor_class(source, settings.pop("processor_class", None), pinned)
    names = kind.get_attributes()
    extractors = [name for name in names if name in HEARING]
    hearing = {name: AutoFeatureExtractor.from_pretrained(source, **pinned) for name in extractors}
    parts = {**dict.fromkeys(names), **hearing, "tokenizer": tokenizer}
    if not hearing:
        raise EarwitnessError(f"{source}: its processor ({kind.__name__}) takes no sound: name a model that hears")
    template = settings.pop("chat_template", None) or tokenizer.chat_template
    taken = signature(kind.__init__).parameters
    settings = {name: value for name, value in settings.items() if name in taken and name not in names}
    return without_images(kind, parts, template, settings)


def without_images(kind: Any, parts: Mapping[str, Any], template: str | None, settings: Mapping[str, Any]) -> Any:
    """Return a processor of a class of `transformers`, whose parts for images and video may be None."""
    made: Any = type(kind.__name__, (SoundProcessor, kind), {"settings": dict(settings)})
    return made(**parts, chat_template=template, **settings)


def _processor_class(source: Path | str, name: str | None, pinned: Mapping[str, Any]) -> Any:
    found = processor_class_from_name(name) if name else None
    if found is None:
        config = type(AutoConfig.from_pretrained(source, **pinned))
        found = PROCESSOR_MAPPING.get(config, None)
    if found is None:
        raise EarwitnessError(f"{source}: cannot be loaded (no processor for it): correct the folder")
    return found
