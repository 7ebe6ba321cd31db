"""Decoders that read encoded audio in the place of a placeholder token: what all their families share.

A sound is encoded alone, so that nothing of a batch can reach it, once for all queries that hold it. Its positions in
the embedded prompt then take what the encoder gave; language model and head run as for any row of text.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced
from stages.models.forward.layers import pooled, recorded
from stages.models.forward.parts import LONGEST, Parts, Transcripts, load_parts
from stages.models.forward.prompt import PromptTokens, build_prompt, end_token, has_system_turn
from stages.models.forward.rows import IGNORED, TokenRow, reduced, scored
from stages.models.forward.sharing import SharedPrefix, common_beginnings, greedy, shared_hidden
from stages.models.forward.sounds import SHORTEST


@dataclass(frozen=True)
class EncodedAudio:
    """A sound after the encoder.

    Attributes
    ----------
    state : float[m, d]
        The encoder's output where it holds sound.
    embedded : float[n, D]
        What the language model is given of it, a vector an audio token.
    seconds_cut : float
        What the window cut.
    share : Fraction
        See `PlaceholderAdapter.share`.
    """

    state: torch.Tensor
    embedded: torch.Tensor
    seconds_cut: float
    share: Fraction


@dataclass(frozen=True)
class _PlaceholderRun:
    """A row after its forward, with the last hidden layer at all its positions but the last."""

    row: TokenRow
    heard: EncodedAudio
    hidden: torch.Tensor

    def pooled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the means over the audio positions, float32[d] each."""
        at_audio = self.hidden[self.row.audio.start : self.row.audio.stop]
        return self.heard.state.float().mean(0).cpu(), at_audio.float().mean(0).cpu()


class Chat:
    """A tokenizer and a chat template, as `prompt` asks for them.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
    template : str or None
        Used if the checkpoint brings none.
    audio_id : int
        The placeholder: templates for plain text take it as a part of the text.
    """

    def __init__(self, tokenizer: Any, template: str | None, audio_id: int) -> None:
        self.tokenizer = tokenizer
        self._template = tokenizer.chat_template or template
        self._audio = tokenizer.convert_ids_to_tokens(audio_id)

    def apply_chat_template(self, turns: Sequence[Mapping[str, Any]], **options: Any) -> str:
        """Render a conversation whose user's turn holds one sound and a text."""
        try:
            rendered = self._rendered(turns, **options)
        except TypeError:  # such a template joins contents as texts
            rendered = ""
        return rendered if self._audio in rendered else self._rendered([self._flat(turn) for turn in turns], **options)

    def _rendered(self, turns: Sequence[Mapping[str, Any]], **options: Any) -> str:
        return str(self.tokenizer.apply_chat_template(turns, chat_template=self._template, **options))

    def _flat(self, turn: Mapping[str, Any]) -> Mapping[str, Any]:
        if isinstance(turn["content"], str):
            return turn
        parts = [self._audio if part["type"] == "audio" else part["text"] for part in turn["content"]]
        return {**turn, "content": "".join(parts)}


class PlaceholderAdapter(Adapter):
    """A placeholder-merge decoder.

    Parameters
    ----------
    parts : Parts
    """

    model_class: ClassVar[Any]
    kind: ClassVar[Any] = "parts"
    template: ClassVar[str | None] = None
    """The chat template of released checkpoints that bring none as a file."""

    fills_tokens: ClassVar[bool] = False
    """Whether audio tokens stand for the silence that fills a window as well."""

    window_seconds = LONGEST

    def __init__(self, parts: Parts) -> None:
        self.model: Any = parts.model
        self._core = parts.model  # training may wrap low-rank updates around the model, which change it in place
        self.parts = parts
        self._chat = Chat(parts.tokenizer, self.template, self.audio_id)
        self._transcripts = Transcripts(parts.tokenizer)
        self._end = end_token(self._chat)
        self._prompts: dict[tuple[str, str], PromptTokens] = {("", ""): build_prompt(self._chat, self.audio_id, "")}
        self.system_turn = has_system_turn(self._chat)

    @classmethod
    def load(cls, source: Path | str, revision: str | None, dtype: torch.dtype, attention: str) -> PlaceholderAdapter:
        """Load from a folder or the hub; see `Adapter.load`."""
        return cls(load_parts(cls.model_class, source, revision, dtype, attention, cls.kind))

    @abstractmethod
    def inputs(self, samples: Samples) -> dict[str, torch.Tensor]:
        """Return the model's own keyword arguments for one sound, float32[n] within the window."""

    @abstractmethod
    def listen(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the encoder's output float[m, d] and the audio tokens' embeddings float[n, D] of one sound."""

    def share(self, inputs: Mapping[str, torch.Tensor], seconds: float) -> Fraction:
        """Return how much of the encoder's positions holds sound: the rest is silence that fills a window."""
        del inputs, seconds
        return Fraction(1)

    @property
    def encoder(self) -> Any:
        """The part whose layers hear."""
        return self._core.model.audio_tower

    @property
    def audio_id(self) -> int:
        """The placeholder token."""
        return int(self._core.config.audio_token_id)

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self._core.model.language_model

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits float[n, V] of hidden states float[n, D]."""
        logits: torch.Tensor = self._core.lm_head(hidden)
        return logits

    @torch.inference_mode()
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward; see `Adapter.forced`."""
        return [self._read(run, slices) for run in self._run(queries)]

    @torch.inference_mode()
    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and reduce its logits; see `Adapter.reduced`."""
        runs, vocabulary = self._run(queries), self.decoder.config.vocab_size
        found = {
            name: reduced(self.head, [scored(run.row, run.hidden, name) for run in runs], vocabulary, reduce)
            for name in slices
        }
        return [
            Reduced(
                {name: found[name][at][0] for name in slices},
                {name: found[name][at][1] for name in slices},
                *run.pooled(),
                run.heard.seconds_cut,
            )
            for at, run in enumerate(runs)
        ]

    @torch.inference_mode()
    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """Run one sound at a time and keep what its layers give; see `Adapter.layers`."""
        return [self._layers(query) for query in queries]

    def training_batch(self, queries: Sequence[Query]) -> dict[str, torch.Tensor]:
        """Return the model's keyword arguments for a training step, embedded; see `Adapter.training_batch`."""
        heard = self._hear(queries)
        rows = [self._row(query, heard[query.audio_hash]) for query in queries]
        pieces = [self._embedded(row.token_ids, row, heard[q.audio_hash]) for q, row in zip(queries, rows, strict=True)]
        lengths = torch.tensor([len(piece) for piece in pieces])
        labels = torch.full((len(rows), int(lengths.max())), IGNORED)
        for row, label in zip(rows, labels, strict=True):
            label[row.answer.start : row.answer.stop] = torch.tensor(row.token_ids[row.answer.start :])
        embedded = pad_sequence(pieces, batch_first=True)
        mask = (torch.arange(embedded.shape[1]) < lengths[:, None]).long()
        return {
            "inputs_embeds": embedded,
            "attention_mask": mask.to(embedded.device),
            "labels": labels.to(embedded.device),
        }

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Run the head on the answers alone; see `Adapter.loss`."""
        batch = self.training_batch(queries)
        made = self.decoder(
            inputs_embeds=batch["inputs_embeds"], attention_mask=batch["attention_mask"], use_cache=False
        )
        answers = batch["labels"][:, 1:]
        before = made.last_hidden_state[:, :-1][answers != IGNORED]
        return cross_entropy(self.head(before).float(), answers[answers != IGNORED])

    @torch.inference_mode()
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers; see `Adapter.generate`."""
        heard = self._hear(queries)
        prompts = []
        for query in queries:
            row = self._row(query, heard[query.audio_hash])
            prompts.append(self._embedded(row.token_ids[: row.answer.start], row, heard[query.audio_hash]))
        made = greedy(self.decoder, self._embed, self.head, prompts, self._end, max_tokens)
        return [self.parts.tokenizer.decode(ids, skip_special_tokens=True) for ids in made]

    def save(self, folder: Path) -> None:
        """Save the checkpoint; see `Adapter.save`."""
        self.parts.save(folder)

    @property
    def _embed(self) -> Any:
        return self._core.get_input_embeddings()

    def _hear(self, queries: Sequence[Query]) -> dict[str, EncodedAudio]:
        """Encode each distinct sound."""
        return {name: self._heard(sound) for name, sound in {q.audio_hash: q.samples for q in queries}.items()}

    def _heard(self, samples: Samples) -> EncodedAudio:
        within = samples[: round(self.window_seconds * RATE)]
        cut = (len(samples) - len(within)) / RATE
        within = np.pad(within, (0, max(round(SHORTEST * RATE) - len(within), 0)))
        device, dtype = self._core.device, self._core.dtype
        inputs = {
            name: values.to(device, dtype) if values.is_floating_point() else values.to(device)
            for name, values in self.inputs(within).items()
        }
        state, embedded = self.listen(inputs, len(within) / RATE)
        return EncodedAudio(state, embedded, cut, self.share(inputs, len(within) / RATE))

    def _layers(self, query: Query) -> dict[str, torch.Tensor]:
        with recorded("encoder", self.encoder, entering=True) as encoded:
            heard = self._heard(query.samples)
        row = self._row(query, heard)
        with recorded("language_model", self.decoder) as decoded:
            piece = self._embedded(row.token_ids[: row.audio.stop], row, heard)
            self.decoder(inputs_embeds=piece[None], use_cache=False)
        positions = len(next(iter(encoded.values())))
        tokens = len(heard.embedded)
        sounding = ceil(tokens * heard.share) if self.fills_tokens else tokens
        return {
            **pooled(encoded, slice(ceil(positions * heard.share))),
            **pooled({"connector": heard.embedded}, slice(sounding)),
            **pooled(decoded, slice(row.audio.start, row.audio.start + sounding)),
        }

    def _row(self, query: Query, heard: EncodedAudio) -> TokenRow:
        asked = query.system, query.instruction
        if asked not in self._prompts:
            with self._transcripts.lock:
                self._prompts[asked] = build_prompt(self._chat, self.audio_id, query.instruction, query.system)
        prompt, count = self._prompts[asked], len(heard.embedded)
        before, shift = prompt.expanded(count), count - 1
        answer = [*self._transcripts.ids(query.text), self._end]
        return TokenRow(
            token_ids=[*before, *answer],
            audio=range(prompt.audio, prompt.audio + count),
            instruction=range(prompt.instruction.start + shift, prompt.instruction.stop + shift),
            answer=range(len(before), len(before) + len(answer)),
        )

    def _embedded(self, token_ids: Sequence[int], row: TokenRow, heard: EncodedAudio) -> torch.Tensor:
        ids = torch.tensor(token_ids, device=self._core.device)
        ids[row.audio.start : row.audio.stop] = 0  # a placeholder may lie outside the vocabulary
        tokens = self._embed(ids)
        before, after = tokens[: row.audio.start], tokens[row.audio.stop :]
        return torch.cat([before, heard.embedded.to(tokens.dtype), after])

    def _run(self, queries: Sequence[Query]) -> list[_PlaceholderRun]:
        """Run encoder and language model; what rows of one sound begin with in common runs once."""
        sounds = self._hear(queries)
        heard = [sounds[query.audio_hash] for query in queries]
        rows = [self._row(query, sound) for query, sound in zip(queries, heard, strict=True)]
        tokens = [row.token_ids[:-1] for row in rows]  # the last predicts nothing
        shared = self._shared(queries, rows, tokens)
        pieces = [
            self._embedded(ids, row, sound)[skipped:]
            for ids, row, sound, skipped in zip(tokens, rows, heard, shared.lengths, strict=True)
        ]
        hidden = shared_hidden(self.decoder, pieces, shared)
        return [_PlaceholderRun(*run) for run in zip(rows, heard, hidden, strict=True)]

    def _shared(
        self, queries: Sequence[Query], rows: Sequence[TokenRow], tokens: Sequence[Sequence[int]]
    ) -> SharedPrefix:
        if getattr(self.decoder.config, "sliding_window", None):  # counts padding among what it holds
            return SharedPrefix(list(range(len(rows))), [0] * len(rows))
        return common_beginnings(tokens, [query.audio_hash for query in queries], [row.audio.stop for row in rows])

    def _read(self, run: _PlaceholderRun, slices: Sequence[str]) -> Forced:
        token_ids, logits = {}, {}
        for name in slices:
            ids, vectors = scored(run.row, run.hidden, name)
            logits[name] = self.head(vectors).float()
            token_ids[name] = logits[name].argmax(-1) if name == "audio" else ids
        return Forced(token_ids, logits, *run.pooled(), run.heard.seconds_cut)
