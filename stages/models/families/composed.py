"""Composed models: a speech encoder, a connector that stacks frames, a causal language model.

Research models are often built from parts that were trained separately (SLAM-LLM, arXiv 2402.08846). They are saved in
a folder with a format of this project: ``config.json`` with the connector's sizes, ``encoder/`` and ``language_model/``
as `transformers` saves them, and ``connector.safetensors``. An optional ``lora/``, as `peft` saves it, is merged into
the language model on loading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
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
from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import family
from stages.models.families.batched import BatchedAdapter
from stages.models.forward.inputs import SoundInputs
from stages.models.forward.parts import DTYPES, Parts, checked_tokenizer, load_model, with_updates
from stages.models.forward.sounds import SoundCache
from stages.models.options import LoadOptions
from stages.models.placement import placed

AUDIO = "<|audio|>"
"""The placeholder token, added to the language model's tokenizer. Its embedding is never used."""
CLOSE = 1e-3
"""Largest difference allowed between the logits of the language model's own forward and those of its head."""


class ComposedConfig(PretrainedConfig):
    """The connector's sizes.

    Parameters
    ----------
    stack : int
        Number of encoder frames that become one audio token.
    width : int
        Number of hidden units of the connector.
    """

    model_type = "composed"

    def __init__(self, stack: int = 5, width: int = 2048, **more: Any) -> None:
        super().__init__(**more)
        self.stack, self.width = stack, width


class Connector(torch.nn.Module):
    """Stacks frames and projects them into the language model's space; zeros fill the last stack."""

    def __init__(self, stack: int, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.stack = stack
        self.inner = torch.nn.Linear(stack * inputs, width)
        self.outer = torch.nn.Linear(width, outputs)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Map frames float[m, d] to audio tokens float[ceil(m / stack), D]."""
        whole = pad(frames, (0, 0, 0, -len(frames) % self.stack))
        projected: torch.Tensor = self.outer(torch.relu(self.inner(whole.reshape(len(whole) // self.stack, -1))))
        return projected


class ComposedModel(torch.nn.Module):
    """The three parts as one module, so that they can be trained, moved and counted together.

    Parameters
    ----------
    config : ComposedConfig
    encoder : transformers.PreTrainedModel
        From `AutoModel`. Only the encoder of an encoder-decoder is used.
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
        """The device that the model is on."""
        return self.connector.inner.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The data type of the weights."""
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
class ComposedAdapter(BatchedAdapter):
    """A composed model.

    Parameters
    ----------
    parts : Parts
        Their model is a `ComposedModel`.
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
        if isinstance(extractor, WhisperFeatureExtractor):  # only Whisper's encoder has a window
            frames = 2 * settings.max_source_positions
            self.window_seconds = frames * extractor.hop_length / extractor.sampling_rate
            self._sounds = SoundCache(extractor, self.window_seconds)
        self._check_head()

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> ComposedAdapter:
        """Load a checkpoint from a folder; see `Adapter.load`."""
        folder = Path(source)
        if not folder.is_dir():
            raise EarwitnessError(f"{source}: composed models are loaded from folders: download it into models/")
        if options.processor or options.base:
            key = "processor" if options.processor else "base"
            raise EarwitnessError(f"targets.<name>.{key}: a composed model holds all its parts: remove it")
        for name in ("encoder", "language_model"):  # the hub's client would look for what is not there
            if not (folder / name / "config.json").is_file():
                raise EarwitnessError(
                    f"{folder / name}: a composed model needs this folder with a config.json: put it there"
                )
        config = ComposedConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        # Some encoders have no fused attention and use their default; the language model uses the requested one.
        of_encoder = {"attn_implementation": "eager"} if options.attention == "eager" else {}
        dtype = DTYPES[options.dtype]
        sharded = options.placement == "tensor_parallel"  # which few encoders have a plan for; they are small
        whole = options.model_copy(update={"placement": "one_device"}) if sharded else options
        of_encoder |= placed(AutoModel, folder / "encoder", None, whole)
        encoder = load_model(AutoModel, folder / "encoder", dtype=dtype, **of_encoder)
        of_language_model = placed(AutoModelForCausalLM, folder / "language_model", None, options)
        language_model = load_model(
            AutoModelForCausalLM,
            folder / "language_model",
            dtype=dtype,
            attn_implementation=options.attention,
            **of_language_model,
        )
        model = ComposedModel(config, encoder, with_updates(language_model, folder, None, "lora"))
        _load_connector(model.connector, folder / "connector.safetensors")
        model.connector.to(encoder.device, dtype)
        tokenizer = AutoTokenizer.from_pretrained(folder / "language_model", trust_remote_code=False)
        return cls(
            Parts(
                model.eval(),
                checked_tokenizer(folder / "language_model", tokenizer),
                AutoFeatureExtractor.from_pretrained(folder / "encoder", trust_remote_code=False),
            )
        )

    def save(self, folder: Path) -> None:
        """Save the parts in the form that `load` reads; merged low-rank updates stay merged."""
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
        """The connector module."""
        return [self._core.connector]

    def inputs(self, samples: Samples) -> SoundInputs:
        """Return the encoder's input."""
        name = self._core.encoder.main_input_name
        if self._sounds is not None:
            sound = self._sounds.sound(samples)
            share = Fraction(sound.frames, sound.features.shape[1])
            return SoundInputs({name: sound.features[None]}, share=share)
        made: Any = self.parts.extractor(samples, sampling_rate=RATE, return_tensors="pt")
        return SoundInputs({name: torch.as_tensor(made[name])})

    def encode(
        self, batch: Mapping[str, torch.Tensor], sounds: Sequence[SoundInputs]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """See `BatchedAdapter.encode`."""
        states = self.states(self._hears(batch[self._core.encoder.main_input_name]), sounds)
        return [(of_sound, self._core.connector(of_sound)) for of_sound in states]

    @property
    def encoder(self) -> Any:
        """The audio encoder."""
        return self._hears

    @torch.inference_mode()
    def _check_head(self) -> None:
        """Refuse a language model that changes the logits after its head, for example by scaling or capping them."""
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
    """Combine parts with a new connector, whose weights torch's global generator draws.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        For example WavLM, HuBERT, wav2vec 2.0 or Whisper.
    extractor : transformers.SequenceFeatureExtractor
        The encoder's feature extractor.
    language_model : transformers.PreTrainedModel
        Has a language modelling head.
    tokenizer : transformers.PreTrainedTokenizerBase
        The language model's tokenizer, with or without a chat template.
    config : ComposedConfig
    """
    return ComposedAdapter(Parts(ComposedModel(config, encoder, language_model).eval(), tokenizer, extractor))
