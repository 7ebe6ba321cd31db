"""Composed models: a speech encoder, a connector that stacks frames, a causal language model.

What is built of parts that were made apart, as speech language models for research are (SLAM-LLM, arXiv 2402.08846),
is saved in a folder of our own format: ``config.json`` with the connector's sizes, ``encoder/`` and ``language_model/``
as `transformers` saves them, ``connector.safetensors``, and maybe ``lora/`` as `peft` saves it, which is merged into
the language model on loading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import pad
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    WhisperFeatureExtractor,
)

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE, Samples, audio_hash
from stages.models.adapter import Query, family
from stages.models.families.single_sound import SingleSoundAdapter
from stages.models.forward.parts import Parts, checked_tokenizer, load_model, with_updates
from stages.models.forward.sounds import SoundCache

AUDIO = "<|audio|>"
"""The placeholder, added to the language model's tokenizer; its embedding is never looked up."""
CLOSE = 1e-3
"""By how much the logits of the language model's own forward may differ from those of its head."""


class ComposedConfig(PretrainedConfig):
    """The connector's sizes.

    Parameters
    ----------
    stack : int
        Encoder frames that become one audio token.
    width : int
        Hidden units of the connector.
    """

    model_type = "composed"

    def __init__(self, stack: int = 5, width: int = 2048, **more: Any) -> None:
        super().__init__(**more)
        self.stack, self.width = stack, width


class Connector(torch.nn.Module):
    """Stacks frames and projects them into the language model's space; the last stack is filled up with zeros."""

    def __init__(self, stack: int, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.stack = stack
        self.inner = torch.nn.Linear(stack * inputs, width)
        self.outer = torch.nn.Linear(width, outputs)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """From float[m, d] to float[ceil(m / stack), D]."""
        whole = pad(frames, (0, 0, 0, -len(frames) % self.stack))
        projected: torch.Tensor = self.outer(torch.relu(self.inner(whole.reshape(len(whole) // self.stack, -1))))
        return projected


class ComposedModel(torch.nn.Module):
    """The three parts as one model to train, move and count.

    Parameters
    ----------
    config : ComposedConfig
    encoder : transformers.PreTrainedModel
        From `AutoModel`; of an encoder-decoder, the encoder is used.
    language_model : transformers.PreTrainedModel
        From `AutoModelForCausalLM`.
    """

    def __init__(self, config: ComposedConfig, encoder: Any, language_model: Any) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        self.language_model = language_model
        width = language_model.get_input_embeddings().embedding_dim
        self.connector = Connector(config.stack, encoder.config.hidden_size, config.width, width)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.connector.inner.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.connector.inner.weight.dtype

    def get_input_embeddings(self) -> Any:
        """Return the language model's embedding of tokens."""
        return self.language_model.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        """Return the language model's head."""
        return self.language_model.get_output_embeddings()

    def forward(self, **inputs: Any) -> Any:
        """Run the language model over embedded prompts."""
        return self.language_model(**inputs)


@family("composed")
class ComposedAdapter(SingleSoundAdapter):
    """A composed model.

    Parameters
    ----------
    parts : Parts
        Whose model is a `ComposedModel`.
    """

    template = (
        "{% for message in messages %}{% if message['role'] == 'assistant' %} {{ message['content'] }}{{ eos_token }}"
        "{% else %}USER: {% for part in message['content'] %}{% if part['type'] == 'audio' %}<|audio|>{% else %}"
        "{{ part['text'] }}{% endif %}{% endfor %}\nASSISTANT:{% endif %}{% endfor %}"
    )

    def __init__(self, parts: Parts) -> None:
        parts.tokenizer.add_special_tokens({"additional_special_tokens": [AUDIO]}, replace_extra_special_tokens=False)
        super().__init__(parts)
        settings, extractor = parts.model.encoder.config, parts.extractor
        self._hears = parts.model.encoder.get_encoder() if settings.is_encoder_decoder else parts.model.encoder
        self._sounds: SoundCache | None = None
        if isinstance(extractor, WhisperFeatureExtractor):  # the one with a window; others have positions without
            frames = 2 * settings.max_source_positions
            self.window_seconds = frames * extractor.hop_length / extractor.sampling_rate
            self._sounds = SoundCache(extractor, self.window_seconds)
        self._check_head()

    @classmethod
    def load(cls, source: Path | str, revision: str | None, dtype: torch.dtype, attention: str) -> ComposedAdapter:
        """Load from a folder; see `Adapter.load`."""
        folder = Path(source)
        if not folder.is_dir():
            raise EarwitnessError(f"{source}: composed models are loaded from folders: download it into models/")
        config = ComposedConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        # An encoder without fused attention runs as it can; the language model runs as asked.
        of_encoder = {"attn_implementation": "eager"} if attention == "eager" else {}
        encoder = load_model(AutoModel, folder / "encoder", dtype=dtype, **of_encoder)
        language_model = load_model(
            AutoModelForCausalLM, folder / "language_model", dtype=dtype, attn_implementation=attention
        )
        model = ComposedModel(config, encoder, with_updates(language_model, folder, None, "lora"))
        _load_connector(model.connector, folder / "connector.safetensors")
        tokenizer = AutoTokenizer.from_pretrained(folder / "language_model", trust_remote_code=False)
        return cls(
            Parts(
                model.to(dtype).eval(),
                checked_tokenizer(folder / "language_model", tokenizer),
                AutoFeatureExtractor.from_pretrained(folder / "encoder", trust_remote_code=False),
            )
        )

    def save(self, folder: Path) -> None:
        """Save the parts, as `load` reads them; low-rank updates that were merged stay merged."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"model_type": "composed", "stack": self._core.config.stack, "width": self._core.config.width}
        (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        for name, parts in {
            "encoder": (self._core.encoder, self.parts.extractor),
            "language_model": (self._core.language_model, self.parts.tokenizer),
        }.items():
            for part in parts:
                part.save_pretrained(folder / name)
        weights = {name: weight.contiguous() for name, weight in self._core.connector.state_dict().items()}
        save_file(weights, folder / "connector.safetensors")

    @property
    def audio_id(self) -> int:
        """The placeholder token."""
        return int(self.parts.tokenizer.convert_tokens_to_ids(AUDIO))

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self._core.language_model.base_model

    @property
    def connector(self) -> list[torch.nn.Module]:
        """What stacks and projects."""
        return [self._core.connector]

    def inputs(self, samples: Samples) -> dict[str, torch.Tensor]:
        """Return the encoder's input, under its own name, and how much of it holds sound."""
        name = self._core.encoder.main_input_name
        if self._sounds is not None:
            sound = self._sounds.get([Query(samples, audio_hash(samples), "", "")])[0]
            frames = torch.tensor([sound.frames, sound.features.shape[1]])
            return {name: sound.features[None], "heard": frames[0], "filled": frames[1]}
        made: Any = self.parts.extractor(samples, sampling_rate=RATE, return_tensors="pt")
        return {name: torch.as_tensor(made[name]), "heard": torch.tensor(1), "filled": torch.tensor(1)}

    def listen(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
        """See `SingleSoundAdapter.listen`."""
        states = self._hears(inputs[self._core.encoder.main_input_name]).last_hidden_state[0]
        states = states[: ceil(len(states) * self.share(inputs, seconds))]
        return states, self._core.connector(states)

    def share(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> Fraction:
        """See `SingleSoundAdapter.share`."""
        return Fraction(int(inputs["heard"]), int(inputs["filled"]))

    @property
    def encoder(self) -> Any:
        """The part whose layers hear."""
        return self._hears

    @torch.inference_mode()
    def _check_head(self) -> None:
        """Refuse a language model that does more to its logits than its head, such as scaling or capping them."""
        embedded = self._embed(torch.arange(3, device=self._core.device))[None]
        own = self._core.language_model(inputs_embeds=embedded, use_cache=False).logits[0]
        ours = self.head(self.decoder(inputs_embeds=embedded, use_cache=False).last_hidden_state[0])
        if not torch.allclose(own.float(), ours.float(), atol=CLOSE, rtol=CLOSE):
            raise EarwitnessError(
                f"language models of type {self._core.language_model.config.model_type!r} change what their head "
                "gives, which is not supported in composed models: choose another"
            )


def _load_connector(connector: Connector, path: Path) -> None:
    try:
        connector.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise EarwitnessError(f"{path}: not of the sizes that config.json states: save the two together") from error


def compose(
    encoder: Any, extractor: Any, language_model: Any, tokenizer: Any, config: ComposedConfig
) -> ComposedAdapter:
    """Put parts together, with a new connector whose weights torch's global generator draws.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        Such as WavLM, HuBERT, wav2vec 2.0 or Whisper.
    extractor : transformers.SequenceFeatureExtractor
        The encoder's.
    language_model : transformers.PreTrainedModel
        With a language modelling head.
    tokenizer : transformers.PreTrainedTokenizerBase
        The language model's, with a chat template or without.
    config : ComposedConfig
    """
    return ComposedAdapter(Parts(ComposedModel(config, encoder, language_model).eval(), tokenizer, extractor))
