"""Placeholder-merge decoders, which read encoded audio at the positions of a placeholder token: their shared code.

The encoder runs once over each distinct sound of a batch. The encoded sound then replaces the embeddings of the audio
tokens in the prompt. Language model and head run as for text.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn.functional import cross_entropy

from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced
from stages.models.forward.components import components_of
from stages.models.forward.layers import pooled, recorded
from stages.models.forward.parts import LONGEST, Parts, PartsKind, Transcripts, load_parts, with_updates
from stages.models.forward.prompt import Chat, PromptTokens, build_prompt, end_token, has_system_turn
from stages.models.forward.rows import TokenRow, padded, reduced, scored
from stages.models.forward.sharing import SharedPrefix, common_beginnings, greedy, shared_hidden
from stages.models.options import LoadOptions


@dataclass(frozen=True)
class EncodedAudio:
    """A sound after the encoder.

    Attributes
    ----------
    state : float[m, d]
        The encoder's output at the positions that hold sound.
    embedded : float[n, D]
        The input of the language model: one vector per audio token.
    seconds_cut : float
        Seconds of audio beyond the window, which were cut.
    share : Fraction
        Share of the encoder's positions that hold sound; the rest is silence that fills a window.
    """

    state: torch.Tensor
    embedded: torch.Tensor
    seconds_cut: float
    share: Fraction = Fraction(1)


@dataclass(frozen=True)
class _PlaceholderRun:
    """A row after its forward, with the last hidden layer at all positions except the last."""

    row: TokenRow
    heard: EncodedAudio
    hidden: torch.Tensor

    def pooled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the means over the audio positions, float32[d] each."""
        at_audio = self.hidden[self.row.audio.start : self.row.audio.stop]
        return self.heard.state.float().mean(0).cpu(), at_audio.float().mean(0).cpu()


class PlaceholderAdapter(Adapter):
    """A placeholder-merge decoder.

    Parameters
    ----------
    parts : Parts
    """

    model_class: ClassVar[Any]
    kind: ClassVar[PartsKind] = "parts"
    template: ClassVar[str | None] = None
    """The chat template of released checkpoints that have no file with one."""

    updates: ClassVar[str | None] = None
    """Subfolder of a checkpoint with the low-rank updates that are active for audio; they are merged on loading."""

    fills_tokens: ClassVar[bool] = False
    """Whether the silence that fills a window has audio tokens too."""

    window_seconds = LONGEST

    def __init__(self, parts: Parts) -> None:
        self.model: Any = parts.model
        self._core = parts.model  # training may wrap low-rank updates around the model, which change it in place
        self.parts = parts
        self._chat = Chat(parts.tokenizer, parts.template or self.template, self.audio_id)
        self._transcripts = Transcripts(parts.tokenizer)
        self._end = end_token(self._chat)
        self._prompts: dict[tuple[str, str], PromptTokens] = {("", ""): build_prompt(self._chat, "")}
        self.system_turn = has_system_turn(self._chat)

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> PlaceholderAdapter:
        """Load a checkpoint from a folder or the hub; see `Adapter.load`."""
        parts = load_parts(cls.model_class, source, options, cls.kind)
        if cls.updates is not None:
            parts = replace(parts, model=with_updates(parts.model, source, options.pinned, cls.updates))
        return cls(parts)

    @abstractmethod
    def hear(self, queries: Sequence[Query]) -> dict[str, EncodedAudio]:
        """Encode each distinct sound of a batch and return it by its hash; no sound depends on another."""

    @property
    def encoder(self) -> Any:
        """The audio encoder."""
        return self._core.get_encoder(modality="audio")

    @property
    def connector(self) -> list[torch.nn.Module]:
        """The modules that project the encoder's output into the language model's space."""
        return [self._core.model.multi_modal_projector]

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self._core.get_decoder()

    @property
    def audio_id(self) -> int:
        """The placeholder token."""
        return int(self._core.config.audio_token_id)

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits float[n, V] of hidden states float[n, D]."""
        logits: torch.Tensor = self._core.get_output_embeddings()(hidden)
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
        """Run one sound at a time and record the outputs of the layers; see `Adapter.layers`."""
        return [self._layers(query) for query in queries]

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Run the head only at the answers' positions; see `Adapter.loss`."""
        return self._loss(queries, self.hear(queries))

    def loss_by_sound(self, query: Query) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the audio tokens' embeddings float[n, D]; see `Adapter.loss_by_sound`."""
        with torch.no_grad():
            heard = self.hear([query])[query.audio_hash]
        embedded = heard.embedded.detach().clone().requires_grad_()
        return self._loss([query], {query.audio_hash: replace(heard, embedded=embedded)}), embedded

    @torch.inference_mode()
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers; see `Adapter.generate`."""
        heard = self.hear(queries)
        prompts = []
        for query in queries:
            row = self._row(query, heard[query.audio_hash])
            prompts.append(self._embedded(row.token_ids[: row.answer.start], row, heard[query.audio_hash]))
        embed = self._core.get_input_embeddings()
        made = greedy(self.decoder, embed, self.head, prompts, self._end, max_tokens)
        return [self.parts.tokenizer.decode(ids, skip_special_tokens=True) for ids in made]

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return connector, language model with head, and the rest as the encoder; see `Adapter.components`."""
        return components_of(self._core, self.connector, [self.decoder, self._core.get_output_embeddings()])

    def save(self, folder: Path) -> None:
        """Save the checkpoint; see `Adapter.save`."""
        self.parts.save(folder)

    def _embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of token ids; a placeholder may lie outside the vocabulary and gets another token's."""
        embedded: torch.Tensor = self._core.get_input_embeddings()(ids.masked_fill(ids == self.audio_id, 0))
        return embedded

    def _loss(self, queries: Sequence[Query], heard: Mapping[str, EncodedAudio]) -> torch.Tensor:
        """Return the mean cross-entropy of the answers' tokens, given the encoded sounds."""
        rows = [self._row(query, heard[query.audio_hash]) for query in queries]
        ids, mask = (values.to(self._core.device) for values in padded(rows, self.audio_id))
        embedded = self._embed(ids)
        for at, (query, row) in enumerate(zip(queries, rows, strict=True)):
            embedded[at, row.audio.start : row.audio.stop] = heard[query.audio_hash].embedded
        hidden = self.decoder(inputs_embeds=embedded, attention_mask=mask, use_cache=False).last_hidden_state
        before = torch.cat([scored(row, states, "transcript")[1] for row, states in zip(rows, hidden, strict=True)])
        answers = [token for row in rows for token in row.token_ids[row.answer.start :]]
        return cross_entropy(self.head(before).float(), torch.tensor(answers, device=before.device))

    def _layers(self, query: Query) -> dict[str, torch.Tensor]:
        with recorded("encoder", self.encoder, entering=True) as encoded:
            heard = self.hear([query])[query.audio_hash]
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
                self._prompts[asked] = build_prompt(self._chat, query.instruction, query.system)
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
        tokens = self._embed(torch.tensor(token_ids, device=self._core.device))
        before, after = tokens[: row.audio.start], tokens[row.audio.stop :]
        return torch.cat([before, heard.embedded.to(tokens.dtype), after])

    def _run(self, queries: Sequence[Query]) -> list[_PlaceholderRun]:
        """Run encoder and language model; a common beginning of rows of one sound runs only once."""
        sounds = self.hear(queries)
        heard = [sounds[query.audio_hash] for query in queries]
        rows = [self._row(query, sound) for query, sound in zip(queries, heard, strict=True)]
        tokens = [row.token_ids[:-1] for row in rows]  # the last token predicts nothing
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
        if getattr(self.decoder.config, "sliding_window", None):  # its window would count padding
            return SharedPrefix(list(range(len(rows))), [0] * len(rows))
        return common_beginnings(tokens, [query.audio_hash for query in queries], [row.audio.stop for row in rows])

    def _read(self, run: _PlaceholderRun, slices: Sequence[str]) -> Forced:
        """Read the requested slices; the head runs only at their positions, because vocabularies are large."""
        token_ids, logits = {}, {}
        for name in slices:
            ids, vectors = scored(run.row, run.hidden, name)
            logits[name] = self.head(vectors).float()
            token_ids[name] = logits[name].argmax(-1) if name == "audio" else ids
        return Forced(token_ids, logits, *run.pooled(), run.heard.seconds_cut)
