"""Speech recognisers with an encoder and a decoder that attends to it, such as Whisper: their shared code.

The decoder receives the sound only through cross-attention, so a row has no audio positions. It takes no instruction.
Both slices are therefore empty. The pooled hidden state is the mean over the prefix before the answer, which depends on
the sound and not on the text.

Everything comes from the checkpoint and from `transformers`: the model's class from its table of such models, the
inputs from the feature extractor, the prefix and the rules of generation from the generation config. A family's own
file holds only what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSpeechSeq2Seq

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE
from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced
from stages.models.forward.answering import AnswerRules, greedy_answers, special_ids
from stages.models.forward.components import components_of
from stages.models.forward.crossing import Crossing, alike
from stages.models.forward.layers import pooled, recorded
from stages.models.forward.parts import LONGEST, Parts, PartsKind, Transcripts, load_parts
from stages.models.forward.rows import TokenRow, reduced, scored
from stages.models.forward.sounds import SHORTEST
from stages.models.options import LoadOptions


@dataclass(frozen=True)
class Input:
    """The encoder's input for one sound.

    Attributes
    ----------
    values : float32[...]
        Without a batch dimension.
    seconds_cut : float
        Seconds of audio beyond the window, which were cut.
    share : float
        Share of the encoder's positions that hold sound; the rest is silence that fills the window.
    mask : int64[n] or None
        1 where `values` hold sound, as the feature extractor states it; None if it states nothing.
    """

    values: torch.Tensor
    seconds_cut: float
    share: float = 1.0
    mask: torch.Tensor | None = None


@dataclass(frozen=True)
class EncodedSound:
    """A sound after the encoder, float[n, d] without padding, and the prefix of its answers."""

    states: torch.Tensor
    prefix: list[int]
    sound: Input


@dataclass(frozen=True)
class _DecoderRun:
    """A row after its forward."""

    row: TokenRow
    hidden: torch.Tensor
    heard: EncodedSound

    def pooled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the means over the positions that hold sound and over the prefix, float32[d] each."""
        positions = max(round(self.heard.sound.share * len(self.heard.states)), 1)
        return (
            self.heard.states[:positions].float().mean(0).cpu(),
            self.hidden[: self.row.answer.start].float().mean(0).cpu(),
        )


class EncoderDecoderAdapter(Adapter):
    """An encoder-decoder.

    Rows run together only if their encoded sounds are equally long. So only the ends of answers are padded. The padding
    follows all scored tokens, so no row depends on another.

    Parameters
    ----------
    parts : Parts
        Its options hold language and task, for a family that is told them.
    """

    model_class: ClassVar[Any] = AutoModelForSpeechSeq2Seq
    parts_kind: ClassVar[PartsKind] = "parts"
    extraction: ClassVar[Mapping[str, Any]] = {}
    """How the family's processor calls its feature extractor."""
    window_seconds: float = LONGEST

    def __init__(self, parts: Parts) -> None:
        self.model: Any = parts.model
        self._core = parts.model  # training may wrap low-rank updates around the model, which change it in place
        self.parts = parts
        self._transcripts = Transcripts(parts.tokenizer)
        self._ends = special_ids(parts.model, "eos_token_id")
        self._end = self._ends[0]
        self._prompt = self.prompt()

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> EncoderDecoderAdapter:
        """Load a checkpoint from a folder or the hub; see `Adapter.load`."""
        return cls(load_parts(cls.model_class, source, options, cls.parts_kind))

    def input(self, query: Query) -> Input:
        """Return the encoder's input for one query's sound, cut at the window, as the feature extractor makes it."""
        heard = query.samples[: round(self.window_seconds * RATE)]
        cut = (len(query.samples) - len(heard)) / RATE
        heard = np.pad(heard, (0, max(round(SHORTEST * RATE) - len(heard), 0)))
        extractor = self.parts.extractor
        made = extractor(heard, sampling_rate=RATE, return_tensors="pt", **self.extraction)
        mask = made.get("attention_mask")
        values = torch.as_tensor(made[extractor.model_input_names[0]][0])
        return Input(values, cut, mask=None if mask is None else torch.as_tensor(mask[0]).long())

    def prompt(self) -> list[int]:
        """Return the tokens between the decoder's start token and the answer that are the same for every sound."""
        forced = getattr(self._core.generation_config, "forced_bos_token_id", None)
        return [] if forced is None else [int(forced)]

    def refuse_translation(self) -> None:
        """Refuse the task of translating, for a family that is told a language and no task."""
        if self.parts.options.task != "transcribe":
            raise EarwitnessError("targets.<name>.task: a model of this type is told a language alone: remove it")

    def prefix(self, states: torch.Tensor) -> list[int]:
        """Return the decoder's tokens before the answer, given the encoded sound float[n, d]."""
        del states
        start = special_ids(self._core, "decoder_start_token_id", "bos_token_id")[0]
        return self._prompt if self._prompt[:1] == [start] else [start, *self._prompt]

    @property
    def decoder(self) -> Any:
        """The module from token ids and an encoded sound to hidden states."""
        return self._core.get_decoder()

    @property
    def head(self) -> Any:
        """The module from hidden states to logits."""
        return self._core.get_output_embeddings()

    @property
    def positions(self) -> int | None:
        """Largest number of tokens that the decoder takes; None if it takes any number."""
        return getattr(self._core.config, "max_target_positions", None)

    def lengths(self, made: Any, mask: torch.Tensor | None) -> list[int]:
        """Return how many positions of each sound the encoder's output holds; the rest is padding.

        Parameters
        ----------
        made : transformers.utils.ModelOutput
        mask : int64[sounds, n] or None
            Of the encoder's input.
        """
        del mask
        held = getattr(made, "attention_mask", None)
        sounds, positions, _ = made.last_hidden_state.shape
        return [positions] * sounds if held is None else held.sum(1).tolist()

    def crossed(self, states: torch.Tensor) -> torch.Tensor:
        """Return encoded sounds float[sounds, n, d] in the form in which the decoder is given them."""
        return states

    @torch.inference_mode()
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward; see `Adapter.forced`."""
        return [self._read(run, slices) for run in self._decode(queries, self._hear(queries), share=True)]

    @torch.inference_mode()
    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and reduce its logits; see `Adapter.reduced`."""
        return self._reduced(self._decode(queries, self._hear(queries), share=True), slices, reduce)

    @torch.inference_mode()
    def answered(
        self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce, max_tokens: int
    ) -> tuple[list[str], list[Reduced]]:
        """Generate and score answers to sounds that are encoded once; see `Adapter.answered`."""
        heard = self._hear(queries)
        texts = self._answers(queries, heard, max_tokens)
        said = [replace(query, text=text) for query, text in zip(queries, texts, strict=True)]
        return texts, self._reduced(self._decode(said, heard, share=True), slices, reduce)

    @torch.inference_mode()
    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """Run one sound at a time and record the outputs of the layers; see `Adapter.layers`."""
        return [self._layers(query) for query in queries]

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Run the head only at the answers' positions; see `Adapter.loss`."""
        return self._loss(queries, self._hear(queries))

    def loss_by_sound(self, query: Query) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the encoder's output float[n, d]; see `Adapter.loss_by_sound`."""
        with torch.no_grad():
            heard = self._hear([query])[query.audio_hash]
        states = heard.states.detach().clone().requires_grad_()
        return self._loss([query], {query.audio_hash: replace(heard, states=states)}), states

    @torch.inference_mode()
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers under the checkpoint's rules of generation; see `Adapter.generate`."""
        return self._answers(queries, self._hear(queries), max_tokens)

    def _answers(self, queries: Sequence[Query], heard: Mapping[str, EncodedSound], max_tokens: int) -> list[str]:
        rules = AnswerRules(self._core.generation_config, self._ends, max_tokens, self.positions)
        made: dict[str, list[int]] = {}
        for names in alike((name, (len(one.states), len(one.prefix))) for name, one in heard.items()):
            states = self.crossed(torch.stack([heard[name].states for name in names]))
            answers = greedy_answers(self.decoder, self.head, states, [heard[name].prefix for name in names], rules)
            made |= zip(names, answers, strict=True)
        return [self.parts.tokenizer.decode(made[query.audio_hash], skip_special_tokens=True) for query in queries]

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return the encoder, an empty connector, and the decoder with its head; see `Adapter.components`."""
        return components_of(self._core, [], [self.decoder, self.head])

    def save(self, folder: Path) -> None:
        """Save the checkpoint; see `Adapter.save`."""
        self.parts.save(folder)

    @property
    def _pad(self) -> int:
        pad = getattr(self._core.config, "pad_token_id", None)
        return self._end if pad is None else int(pad)

    def _hear(self, queries: Sequence[Query]) -> dict[str, EncodedSound]:
        """Encode each distinct sound; sounds of the same shape run together."""
        sounds = {query.audio_hash: query for query in queries}
        inputs = {name: self.input(query) for name, query in sounds.items()}
        encoder, heard = self._core.get_encoder(), {}
        for names in alike((name, (made.mask is None, *made.values.shape)) for name, made in inputs.items()):
            values = torch.stack([inputs[name].values for name in names]).to(self._core.device, self._core.dtype)
            masks = [made.mask for made in (inputs[name] for name in names) if made.mask is not None]
            mask = torch.stack(masks).to(self._core.device) if masks else None
            made = encoder(values) if mask is None else encoder(values, attention_mask=mask)
            for name, states, held in zip(names, made.last_hidden_state, self.lengths(made, mask), strict=True):
                heard[name] = EncodedSound(states[:held], self.prefix(states[:held]), inputs[name])
        return heard

    def _layers(self, query: Query) -> dict[str, torch.Tensor]:
        with recorded("encoder", self._core.get_encoder(), entering=True) as encoded:
            heard = self._hear([query])[query.audio_hash]
        with recorded("decoder", self.decoder) as decoded:
            prefix = torch.tensor([heard.prefix], device=heard.states.device)
            self.decoder(prefix, encoder_hidden_states=self.crossed(heard.states[None]), use_cache=False)
        positions = len(next(iter(encoded.values())))
        sounding = max(round(heard.sound.share * positions), 1)
        return {**pooled(encoded, slice(sounding)), **pooled(decoded, slice(None))}

    def _row(self, query: Query, heard: EncodedSound) -> TokenRow:
        answer = [*self._transcripts.ids(query.text), self._end]
        ids, start = [*heard.prefix, *answer], len(heard.prefix)
        if self.positions is not None and len(ids) - 1 > self.positions:
            raise EarwitnessError(
                f"a transcript of {len(answer)} tokens does not fit the decoder's {self.positions} positions: "
                f"cut the clip that says {query.text[:40]!r}"
            )
        return TokenRow(ids, range(0), range(0), range(start, len(ids)))

    def _loss(self, queries: Sequence[Query], heard: Mapping[str, EncodedSound]) -> torch.Tensor:
        runs = self._decode(queries, heard, share=False)
        before = torch.cat([scored(run.row, run.hidden, "transcript")[1] for run in runs])
        answers = [token for run in runs for token in run.row.token_ids[run.row.answer.start :]]
        return cross_entropy(self.head(before).float(), torch.tensor(answers, device=before.device))

    def _decode(self, queries: Sequence[Query], heard: Mapping[str, EncodedSound], *, share: bool) -> list[_DecoderRun]:
        """Run the decoder, given the encoded sounds; with `share`, what it computes of a sound is computed once."""
        sounds = [heard[query.audio_hash] for query in queries]
        rows = [self._row(query, sound) for query, sound in zip(queries, sounds, strict=True)]
        states, prefixes = [sound.states for sound in sounds], [len(sound.prefix) for sound in sounds]
        names = [query.audio_hash for query in queries] if share else range(len(queries))
        crossing = Crossing(self.decoder, self.crossed, self._pad)
        hidden = crossing.of_rows(states, [row.token_ids[:-1] for row in rows], names, prefixes)
        return [_DecoderRun(*of_row) for of_row in zip(rows, hidden, sounds, strict=True)]

    def _reduced(self, runs: Sequence[_DecoderRun], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        vocabulary = self._core.get_output_embeddings().out_features
        found = {
            name: reduced(self.head, [scored(run.row, run.hidden, name) for run in runs], vocabulary, reduce)
            for name in slices
        }
        return [
            Reduced(
                {name: found[name][at][0] for name in slices},
                {name: found[name][at][1] for name in slices},
                *run.pooled(),
                run.heard.sound.seconds_cut,
            )
            for at, run in enumerate(runs)
        ]

    def _read(self, run: _DecoderRun, slices: Sequence[str]) -> Forced:
        found = {name: scored(run.row, run.hidden, name) for name in slices}
        return Forced(
            {name: ids for name, (ids, _) in found.items()},
            {name: self.head(vectors).float() for name, (_, vectors) in found.items()},
            *run.pooled(),
            run.heard.sound.seconds_cut,
        )
