"""The generic family: placeholder-merge decoders with the interface that `transformers` gives them.

The interface is `get_audio_features` of the model, and a processor that repeats the audio token. Encoder inputs, the
tokens that surround a sound, and the merge of sound and text are taken from processor and model. A family's file holds
only what differs. A model of a type that no file names is tried too; `verify` then decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import soxr
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoConfig, AutoModel, AutoModelForMultimodalLM, AutoModelForSeq2SeqLM

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import TRANSCRIBE, Query, family
from stages.models.families.batched import BatchedAdapter
from stages.models.forward.inputs import SoundInputs, on_device
from stages.models.forward.merging import merged
from stages.models.forward.parts import Parts, load_parts
from stages.models.forward.prompt import Chat, PromptTokens, build_prompt
from stages.models.forward.rows import TokenRow
from stages.models.forward.runs import EncodedAudio
from stages.models.options import LoadOptions
from stages.models.sources import sources_of

OF_TEXT = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids", "text_replacement_offsets")
"""What a processor returns for the text."""
CLOSE = {torch.float32: 1e-3}
"""Largest difference of a log-probability from the model's own forward, in nats."""
CLOSE_IN_HALF = 0.5
"""The same in a data type of 16 bits, whose sums depend on the shape of a batch."""


def model_class(source: Path | str, revision: str | None) -> tuple[Any, list[str]]:
    """Return the class that `transformers` has for a checkpoint, and its parts without fused attention.

    The class is None if `transformers` has none, or one without the interface of this family. The parts are named as
    in the checkpoint's config.
    """
    try:
        config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    except (ValueError, KeyError):
        return None, []
    kinds = [_kind(auto, config) for auto in (AutoModelForMultimodalLM, AutoModelForSeq2SeqLM)]
    found = next((kind for kind in kinds if kind is not None), None)
    if not any(hasattr(kind, "get_audio_features") for kind in (found, _kind(AutoModel, config))):
        return None, []
    parts = {name: _kind(AutoModel, getattr(config, name)) for name in config.sub_configs}
    return found, [name for name, kind in parts.items() if not getattr(kind, "_supports_sdpa", True)]


def _kind(auto: Any, config: Any) -> Any:
    return auto._model_mapping.get(type(config), None)


class SpelledChat(Chat):
    """A chat whose prompts are as the processor writes them for one sound.

    Parameters
    ----------
    chat : Chat
    spelled : sequence of (str, str)
        Texts of a prompt, and what replaces them.
    prefix : str
        The beginning of every answer that is no part of it.
    """

    def __init__(self, chat: Chat, spelled: Sequence[tuple[str, str]], prefix: str) -> None:
        self.__dict__.update(chat.__dict__)
        self._spelled, self._prefix = spelled, prefix

    def _rendered(self, turns: Sequence[Mapping[str, Any]], **options: Any) -> str:
        return super()._rendered(turns, enable_thinking=False, **options)  # a transcript is no train of thought

    def render(self, turns: Sequence[Mapping[str, Any]], *, answered: bool) -> str:
        """See `Chat.render`."""
        rendered = super().render(turns, answered=answered)
        for text, replacement in self._spelled:
            rendered = rendered.replace(text, replacement)
        return rendered if answered else rendered + self._prefix


class GenericAdapter(BatchedAdapter):
    """A checkpoint of any model with the interface.

    Parameters
    ----------
    parts : Parts
        With a processor.
    """

    kind = "sound"
    prefix: str = ""
    """The beginning of every answer that is no part of it."""
    always: ClassVar[dict[str, object]] = {}
    """Arguments of the model's forward beside those of the processor."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._instructed = _holds_instruction(self._chat)

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> GenericAdapter:
        """Load a checkpoint from a folder or the hub; see `Adapter.load`."""
        of_model = sources_of(source, options).model
        kind, eager = model_class(of_model.name, of_model.revision)
        return cls(load_parts(kind, source, options, "sound", eager))

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The modules of the inner model whose names say that they project sound."""
        named = dict(self._core.base_model.named_children())
        return [named[name] for name in ("multi_modal_projector", "embed_audio", "projector") if name in named]

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits, capped where the model caps them."""
        logits = super().head(hidden)
        cap = getattr(self._core.config.get_text_config(), "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)

    def inputs(self, samples: Samples) -> SoundInputs:
        """Return what the processor makes of one sound: the encoder's inputs, and what it writes into the prompt."""
        made = self._processed([self._audio], samples)
        ids = made["input_ids"][0].tolist()
        places = [at for at, token in enumerate(ids) if token == self.audio_id]
        return SoundInputs(
            tensors := _of_sound(made),
            share=sounding(tensors),
            tokens=ids[places[0] : places[-1] + 1],
            spelled=self.spelled(made, samples),
        )

    def spelled(self, made: Mapping[str, Any], samples: Samples) -> tuple[tuple[str, str], ...]:
        """Return what the processor writes in place of the audio token, with all of its repetitions as one."""
        written = str(made["text_replacement_offsets"][0][0]["replacement"])
        first, last = written.index(self._audio), written.rindex(self._audio)
        whole = written[:first] + written[last:]
        return () if whole == self._audio else ((self._audio, whole),)

    def encode(
        self, batch: Mapping[str, torch.Tensor], sounds: Sequence[SoundInputs]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Run the model up to its language model; see `BatchedAdapter.encode`."""
        rows = [torch.tensor(sound.tokens) for sound in sounds]
        ids = pad_sequence(rows, batch_first=True, padding_value=self._end).to(self._core.device)
        held = torch.arange(ids.shape[1]) < torch.tensor([len(row) for row in rows])[:, None]
        arguments = {"input_ids": ids, "attention_mask": held.long().to(ids.device), **batch, **self.always}
        encoded, given = merged(self._core, self.encoder, self.decoder, arguments)
        embedded = given["inputs_embeds"]
        states = self.states(encoded, sounds)
        return [(states[at], embedded[at, : len(row)]) for at, row in enumerate(rows)]

    def states(self, made: Any, sounds: Sequence[SoundInputs]) -> list[torch.Tensor]:
        """See `BatchedAdapter.states`; of an encoder that masks, the positions of each sound come first."""
        found: torch.Tensor = made[0] if isinstance(made, tuple) else made.last_hidden_state
        counts = [len(sound.tokens) for sound in sounds]
        if found.ndim == 2 and len(found) == sum(counts):
            return list(torch.split(found, counts))
        if self.masked:
            each = found.shape[1] // max(counts)
            return [states[: each * count] for states, count in zip(found, counts, strict=True)]
        return super().states(made, sounds)

    def prompt(self, query: Query, heard: EncodedAudio) -> PromptTokens:
        """See `PlaceholderAdapter.prompt`. An instruction that the template leaves out has no tokens."""
        chat = SpelledChat(self._chat, heard.spelled, self.prefix)
        return build_prompt(chat, query.instruction if self._instructed else "", query.system)

    def own_arguments(self, query: Query) -> tuple[Mapping[str, Any], TokenRow]:
        """Return the arguments of the model's own forward as its processor makes them, and the row that they spell."""
        heard = self.hear([query])[query.audio_hash]
        row = self._row(query, heard)
        chat = SpelledChat(self._chat, [pair for pair in heard.spelled if pair[0] != self._audio], self.prefix)
        turns = [{"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": query.instruction}]}]
        made = self._processed([chat.render(turns, answered=False)], query.samples)
        ids = torch.cat([made["input_ids"][0], torch.tensor(row.token_ids[row.answer.start :])])[None]
        sound = on_device(_of_sound(made), self._core.device, self._core.dtype)
        ids = ids.to(self._core.device)
        made = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **sound}
        return {**made, **self.always}, row

    @torch.inference_mode()
    def verify(self) -> None:
        """Compare the scores of one sound with those of the model's own forward on the processor's own inputs.

        Raises
        ------
        EarwitnessError
            If they differ: the sound is not merged as the model does it.
        """
        noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
        query = Query(noise, "verify", TRANSCRIBE, "Good morning, how are you?")
        arguments, row = self.own_arguments(query)
        ids = arguments["input_ids"][0].tolist()
        if ids != row.token_ids:
            raise EarwitnessError(f"{self._named}: its processor writes another prompt than ours: not supported")
        logits = self._core(**arguments).logits[0, row.answer.start - 1 : row.answer.stop - 1].float()
        ours = self.forced([query], ["transcript"])[0].logits["transcript"]
        far = (torch.log_softmax(logits, -1) - torch.log_softmax(ours, -1)).abs()
        answer = torch.tensor(row.token_ids[row.answer.start :], device=far.device)[:, None]
        apart = far.gather(1, answer).max().item()
        if not apart <= CLOSE.get(self._core.dtype, CLOSE_IN_HALF):
            raise EarwitnessError(
                f"{self._named}: scores differ by {apart:.2g} nats from those of its own forward: not supported"
            )

    @property
    def _named(self) -> str:
        return f"models of type {self._core.config.model_type!r}"

    @property
    def _audio(self) -> str:
        return str(self.parts.processor.audio_token)

    def _processed(self, text: list[str], samples: Samples) -> Any:
        rate = int(self.parts.extractor.sampling_rate)
        heard = samples if rate == RATE else soxr.resample(samples, RATE, rate, quality="VHQ")
        with self._transcripts.lock:
            return self.parts.processor(
                text=text,
                audio=[heard],
                sampling_rate=rate,
                return_tensors="pt",
                add_special_tokens=False,
                return_text_replacement_offsets=True,
            )


@family("moss_transcribe_diarize")
class WholeAdapter(GenericAdapter):
    """A checkpoint whose encoder does not mask padding, and gives vectors for windows or for all frames."""


class MaskedAdapter(GenericAdapter):
    """A checkpoint whose encoder masks padding."""

    masked = True


def sounding(tensors: Mapping[str, torch.Tensor]) -> Fraction:
    """Return the share of an encoder's input that its mask, if any, marks as sound."""
    masks = [values for name, values in sorted(tensors.items()) if name.endswith("mask")]
    return Fraction(int(masks[0].sum()), masks[0].numel()) if masks else Fraction(1)


def _of_sound(made: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {name: values for name, values in made.items() if name not in OF_TEXT}


def _holds_instruction(chat: Chat) -> bool:
    turns = [{"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": TRANSCRIBE}]}]
    return TRANSCRIBE in chat.render(turns, answered=False)
