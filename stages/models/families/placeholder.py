"""Placeholder-merge decoders, which read encoded audio at the positions of a placeholder token: their shared code.

The encoder runs once over each distinct sound of a batch. The encoded sound then replaces the embeddings of the audio
tokens in the prompt. Language model and head run as for text.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn.functional import cross_entropy

from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced
from stages.models.forward.answering import AnswerRules
from stages.models.forward.compiling import compile_layers
from stages.models.forward.components import components_of
from stages.models.forward.decoding import LanguageModel, packed_ids
from stages.models.forward.layers import pooled, recorded
from stages.models.forward.packing import PackedRows
from stages.models.forward.parts import LONGEST, Parts, PartsKind, Transcripts, load_parts, with_updates
from stages.models.forward.prompt import Chat, PromptTokens, build_prompt, end_token, has_system_turn
from stages.models.forward.rows import TokenRow, padded, reduced, scored
from stages.models.forward.runs import EncodedAudio, PackedRun
from stages.models.forward.transfer import to_device
from stages.models.options import LoadOptions
from stages.models.sources import sources_of

PROMPTS_KEPT = 4096


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
        self._prompts: dict[tuple[object, ...], PromptTokens] = {("", "", ()): build_prompt(self._chat, "")}
        self.system_turn = has_system_turn(self._chat)

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> PlaceholderAdapter:
        """Load a checkpoint from a folder or the hub; see `Adapter.load`."""
        parts = load_parts(cls.model_class, source, options, cls.kind)
        if cls.updates is not None:
            base = sources_of(source, options).model
            parts = replace(parts, model=with_updates(parts.model, base.name, base.revision, cls.updates))
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

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Return what the decoder takes for tokens of text, int64[n] to float[n, D]."""
        embedded: torch.Tensor = self._core.get_input_embeddings()(ids)
        return embedded

    @torch.inference_mode()
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward; the head runs only at the slices, because vocabularies are large."""
        run = self._run(queries, self.hear(queries))
        found = {name: self._logits(run, name) for name in slices}
        return [
            Forced(
                {name: of_rows[at][0] for name, of_rows in found.items()},
                {name: of_rows[at][1] for name, of_rows in found.items()},
                *pooled_means,
                heard.seconds_cut,
            )
            for at, (pooled_means, heard) in enumerate(zip(run.pooled(), run.heard, strict=True))
        ]

    @torch.inference_mode()
    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and reduce its logits; see `Adapter.reduced`."""
        return self._reduced(queries, self.hear(queries), slices, reduce)

    @torch.inference_mode()
    def answered(
        self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce, max_tokens: int
    ) -> tuple[list[str], list[Reduced]]:
        """Generate and score, with each sound encoded once; see `Adapter.answered`."""
        heard = self.hear(queries)
        texts = self._generated(queries, heard, max_tokens)
        scored = [replace(query, text=text) for query, text in zip(queries, texts, strict=True)]
        return texts, self._reduced(scored, heard, slices, reduce)

    def _reduced(
        self, queries: Sequence[Query], sounds: Mapping[str, EncodedAudio], slices: Sequence[str], reduce: Reduce
    ) -> list[Reduced]:
        run, found = self._run(queries, sounds), {}
        for name in slices:
            distinct, of_row = run.scored(name)
            values = reduced(self.head, distinct, self.decoder.config.vocab_size, reduce)
            found[name] = [values[at] for at in of_row]
        return [
            Reduced(
                {name: of_rows[at][0] for name, of_rows in found.items()},
                {name: of_rows[at][1] for name, of_rows in found.items()},
                *pooled_means,
                heard.seconds_cut,
            )
            for at, (pooled_means, heard) in enumerate(zip(run.pooled(), run.heard, strict=True))
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
        return self._generated(queries, self.hear(queries), max_tokens)

    def _generated(self, queries: Sequence[Query], heard: Mapping[str, EncodedAudio], max_tokens: int) -> list[str]:
        """Continue each distinct prompt once."""
        distinct = {(query.audio_hash, query.system, query.instruction): query for query in queries}
        prompts, embedded = [], []
        for query in distinct.values():
            row, sound = self._row(query, heard[query.audio_hash]), heard[query.audio_hash]
            ids = torch.tensor(row.token_ids[: row.answer.start], device=self._core.device)
            prompts.append(ids)
            embedded.append(self._filled(ids, [(row.audio.start, sound)]))
        made = self._language_model.greedy(prompts, embedded, self._rules(max_tokens))
        texts = [self.parts.tokenizer.decode(ids, skip_special_tokens=True) for ids in made]
        answers = dict(zip(distinct, texts, strict=True))
        return [answers[query.audio_hash, query.system, query.instruction] for query in queries]

    def _rules(self, max_tokens: int) -> AnswerRules:
        """Return the checkpoint's rules of generation: the end of the chat's turn, and what its config states."""
        settings = getattr(self._core, "generation_config", None)
        stated = getattr(settings, "eos_token_id", None)
        ends = stated if isinstance(stated, list) else [] if stated is None else [stated]
        return AnswerRules(settings, tuple(dict.fromkeys([self._end, *ends])), max_tokens)

    def decoder_arguments(self, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what the decoder needs of token ids int64[R, n] beside their embeddings, by the argument's name."""
        del token_ids
        return {}

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return connector, language model with head, and the rest as the encoder; see `Adapter.components`."""
        return components_of(self._core, self.connector, [self.decoder, self._core.get_output_embeddings()])

    def save(self, folder: Path) -> None:
        """Save the checkpoint; see `Adapter.save`."""
        self.parts.save(folder)

    def _embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of token ids; a placeholder may lie outside the vocabulary and gets another token's."""
        return self.embed(ids.masked_fill(ids == self.audio_id, 0))

    def _loss(self, queries: Sequence[Query], heard: Mapping[str, EncodedAudio]) -> torch.Tensor:
        """Return the mean cross-entropy of the answers' tokens, given the encoded sounds."""
        rows = [self._row(query, heard[query.audio_hash]) for query in queries]
        ids, mask = (values.to(self._core.device) for values in padded(rows, self.audio_id))
        embedded = self._embed(ids)
        for at, (query, row) in enumerate(zip(queries, rows, strict=True)):
            embedded[at, row.audio.start : row.audio.stop] = heard[query.audio_hash].embedded
        more = self.decoder_arguments(ids)
        hidden = self.decoder(inputs_embeds=embedded, attention_mask=mask, use_cache=False, **more).last_hidden_state
        before = torch.cat([scored(row, states, "transcript")[1] for row, states in zip(rows, hidden, strict=True)])
        answers = [token for row in rows for token in row.token_ids[row.answer.start :]]
        return cross_entropy(self.head(before).float(), torch.tensor(answers, device=before.device))

    def _layers(self, query: Query) -> dict[str, torch.Tensor]:
        with recorded("encoder", self.encoder, entering=True) as encoded:
            heard = self.hear([query])[query.audio_hash]
        row = self._row(query, heard)
        with recorded("language_model", self.decoder) as decoded:
            ids = torch.tensor(row.token_ids[: row.audio.stop], device=self._core.device)
            embedded = self._filled(ids, [(row.audio.start, heard)])
            self.decoder(inputs_embeds=embedded[None], use_cache=False, **self.decoder_arguments(ids[None]))
        positions = len(next(iter(encoded.values())))
        tokens = len(heard.embedded)
        sounding = ceil(tokens * heard.share) if self.fills_tokens else tokens
        return {
            **pooled(encoded, slice(ceil(positions * heard.share))),
            **pooled({"connector": heard.embedded}, slice(sounding)),
            **pooled(decoded, slice(row.audio.start, row.audio.start + sounding)),
        }

    def _row(self, query: Query, heard: EncodedAudio) -> TokenRow:
        prompt, count = self._prompt(query, heard), len(heard.embedded)
        before, shift = prompt.expanded(count), count - 1
        before[prompt.audio : prompt.audio + count] = heard.tokens or [self.audio_id] * count
        answer = [*self._transcripts.ids(query.text), self._end]
        return TokenRow(
            token_ids=[*before, *answer],
            audio=range(prompt.audio, prompt.audio + count),
            instruction=range(prompt.instruction.start + shift, prompt.instruction.stop + shift),
            answer=range(len(before), len(before) + len(answer)),
        )

    def _prompt(self, query: Query, heard: EncodedAudio) -> PromptTokens:
        asked = query.system, query.instruction, heard.spelled
        prompt = self._prompts.get(asked)
        if prompt is None:
            with self._transcripts.lock:
                prompt = self.prompt(query, heard)
            if len(self._prompts) >= PROMPTS_KEPT:  # a prompt that states the duration is another for every clip
                self._prompts.clear()
            self._prompts[asked] = prompt
        return prompt

    def prompt(self, query: Query, heard: EncodedAudio) -> PromptTokens:
        """Return the prompt of a query, whose audio token is not yet repeated."""
        return build_prompt(self._chat, query.instruction, query.system)

    def _filled(self, ids: torch.Tensor, sounds: Sequence[tuple[int, EncodedAudio]]) -> torch.Tensor:
        """Return the embeddings of token ids int64[T], with each sound from its first audio token on."""
        embedded = self._embed(ids)
        places = [place for start, sound in sounds for place in range(start, start + len(sound.embedded))]
        values = torch.cat([sound.embedded for _, sound in sounds]).to(embedded.dtype)
        return embedded.index_copy(0, torch.tensor(places, device=embedded.device), values)

    def _run(self, queries: Sequence[Query], sounds: Mapping[str, EncodedAudio]) -> PackedRun:
        """Run the language model; a common beginning of rows of one sound runs only once."""
        heard = [sounds[query.audio_hash] for query in queries]
        rows = [self._row(query, sound) for query, sound in zip(queries, heard, strict=True)]
        tokens = [row.token_ids[:-1] for row in rows]  # the last token predicts nothing
        model = self._language_model
        shared = model.share(tokens, [query.audio_hash for query in queries], [row.audio.stop for row in rows])
        packed = PackedRows([len(row) for row in tokens], shared, self._core.device)
        ids = to_device(packed_ids(tokens, shared, packed), self._core.device)
        whole = [at for at, parent in enumerate(shared.parents) if parent == at]
        embedded = self._filled(ids, [(packed.own[at].start + rows[at].audio.start, heard[at]) for at in whole])
        return PackedRun(rows, heard, packed, model.hidden(ids, embedded, packed))

    def compile(self) -> bool:
        """Compile the repeated layers of encoder and language model, if that works here; see `Adapter.compile`."""
        model = self._language_model
        return model.packs and compile_layers([self.encoder, self.decoder], model.trial)

    @cached_property
    def _language_model(self) -> LanguageModel:
        return LanguageModel(self.decoder, self.embed, self.head, self.decoder_arguments)

    def _logits(self, run: PackedRun, name: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return a slice's token ids and logits of each row."""
        distinct, of_row = run.scored(name)
        made = [(ids, self.head(vectors).float()) for ids, vectors in distinct]
        if name == "audio":
            made = [(logits.argmax(-1), logits) for _, logits in made]
        return [made[at] for at in of_row]
