"""Qwen2-Audio (arXiv 2407.10759): a Whisper-style encoder, a linear projection and a Qwen2 language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy, gelu
from transformers import Qwen2AudioForConditionalGeneration
from transformers.masking_utils import create_bidirectional_mask

from stages.models.adapter import ADAPTERS, Adapter, Forced, Query, Reduce, Reduced
from stages.models.forward.layers import pooled, recorded
from stages.models.forward.parts import Transcripts, load_parts
from stages.models.forward.prompt import PromptTokens, build_prompt, end_token, has_system_turn
from stages.models.forward.rows import IGNORED, TokenRow, padded, reduced, scored
from stages.models.forward.sharing import SharedPrefix, common_beginnings, greedy, shared_hidden
from stages.models.forward.sounds import Sound, shared_sounds, stacked


@ADAPTERS.register("qwen2_audio")
class Qwen2AudioAdapter(Adapter):
    """A Qwen2-Audio checkpoint, of any size and window.

    Parameters
    ----------
    model : Qwen2AudioForConditionalGeneration
    processor : Qwen2AudioProcessor
        With a fast tokenizer and a chat template.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self.model: Any = model
        self._core = model  # training may wrap low-rank updates around the model, which change its layers in place
        self.processor = processor
        extractor = processor.feature_extractor
        frames = model.config.audio_config.max_source_positions * 2  # the second convolution halves them
        self.window_seconds = frames * extractor.hop_length / extractor.sampling_rate
        self._frames = frames
        self._sounds = shared_sounds(extractor, self.window_seconds)
        self._prompts: dict[tuple[str, str], PromptTokens] = {}
        self.system_turn = has_system_turn(processor)
        self._transcripts = Transcripts(processor.tokenizer)
        self._lengths = model.model.audio_tower._get_feat_extract_output_lengths

    @classmethod
    def load(cls, source: Path | str, revision: str | None, dtype: torch.dtype, attention: str) -> Qwen2AudioAdapter:
        """Load from a folder or the hub: safetensors only, no code from the checkpoint."""
        parts = load_parts(Qwen2AudioForConditionalGeneration, source, revision, dtype, attention, "processor")
        return cls(parts.model, parts.processor)

    def prepare(self, queries: Sequence[Query]) -> object:
        """Compute the features of the sounds; see `Adapter.prepare`."""
        return self._sounds.get(queries)

    @torch.inference_mode()
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward; see `Adapter.forced`."""
        return [self._read(run, slices) for run in self._run(queries)]

    @torch.inference_mode()
    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and reduce its logits; see `Adapter.reduced`."""
        runs = self._run(queries)
        head, vocabulary = self.model.lm_head, self.model.lm_head.out_features
        found = {
            name: reduced(head, [scored(run.row, run.hidden, name) for run in runs], vocabulary, reduce)
            for name in slices
        }
        return [
            Reduced(
                {name: found[name][at][0] for name in slices},
                {name: found[name][at][1] for name in slices},
                *run.pooled(),
                run.seconds_cut,
            )
            for at, run in enumerate(runs)
        ]

    @torch.inference_mode()
    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """Run one sound at a time and keep what its layers give; see `Adapter.layers`."""
        return [self._layers(query) for query in queries]

    def training_batch(self, queries: Sequence[Query]) -> dict[str, torch.Tensor]:
        """Return the model's keyword arguments for a training step; see `Adapter.training_batch`."""
        sounds = self._sounds.get(queries)
        rows = self._rows(queries, sounds)
        ids, mask = padded(rows, self._pad)
        labels = torch.full_like(ids, IGNORED)
        for row, label in zip(rows, labels, strict=True):
            label[row.answer.start : row.answer.stop] = torch.tensor(row.token_ids[row.answer.start :])
        features = stacked(sounds, self._frames)
        heard = torch.tensor([sound.frames for sound in sounds])
        batch = {
            "input_ids": ids,
            "attention_mask": mask,
            "input_features": features,
            "feature_attention_mask": (torch.arange(features.shape[-1]) < heard[:, None]).long(),
            "labels": labels,
        }
        return {name: values.to(self.model.device) for name, values in batch.items()}

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Encode as far as the longest sound reaches and run the head on answers alone; see `Adapter.loss`."""
        sounds = self._sounds.get(queries)
        rows = self._rows(queries, sounds)
        heard = self._encode(queries, sounds)
        ids, mask = (values.to(self.model.device) for values in padded(rows, self._pad))
        embedded = self._core.get_input_embeddings()(ids).clone()
        for at, (query, row) in enumerate(zip(queries, rows, strict=True)):
            embedded[at, row.audio.start : row.audio.stop] = heard[query.audio_hash].projected
        hidden = self._core.model.language_model(
            inputs_embeds=embedded, attention_mask=mask, use_cache=False
        ).last_hidden_state
        before = torch.cat(
            [states[row.answer.start - 1 : row.answer.stop - 1] for states, row in zip(hidden, rows, strict=True)]
        )
        answers = [token for row in rows for token in row.token_ids[row.answer.start :]]
        return cross_entropy(self._core.lm_head(before).float(), torch.tensor(answers, device=self.model.device))

    @torch.inference_mode()
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers; see `Adapter.generate`."""
        sounds, embed = self._sounds.get(queries), self.model.get_input_embeddings()
        heard = self._encode(queries, sounds)
        prompts = []
        for query, sound in zip(queries, sounds, strict=True):
            prompt, length = self._prompt(query), self._audio_tokens(sound)
            embedded = embed(torch.tensor(prompt.expanded(length), device=self.model.device))
            embedded[prompt.audio : prompt.audio + length] = heard[query.audio_hash].projected
            prompts.append(embedded)
        made = greedy(self.model.model.language_model, embed, self.model.lm_head, prompts, self._end, max_tokens)
        return [self.processor.tokenizer.decode(ids, skip_special_tokens=True) for ids in made]

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return tower, projection, and language model with its head; see `Adapter.components`."""
        inner = self._core.model
        return {
            "encoder": [inner.audio_tower],
            "connector": [inner.multi_modal_projector],
            "language_model": [inner.language_model, self._core.lm_head],
        }

    def save(self, folder: Path) -> None:
        """Save weights (safetensors), config and processor, as `load` reads them."""
        self.model.save_pretrained(folder, safe_serialization=True)
        self.processor.save_pretrained(folder)

    @cached_property
    def _audio_id(self) -> int:
        return int(self.model.config.audio_token_id)

    @cached_property
    def _end(self) -> int:
        return end_token(self.processor)

    @cached_property
    def _pad(self) -> int:
        pad = self.processor.tokenizer.pad_token_id
        return int(self._end if pad is None else pad)

    def _prompt(self, query: Query) -> PromptTokens:
        asked = query.system, query.instruction
        if asked not in self._prompts:
            with self._transcripts.lock:
                self._prompts[asked] = build_prompt(self.processor, self._audio_id, query.instruction, query.system)
        return self._prompts[asked]

    def _audio_tokens(self, sound: Sound) -> int:
        return int(self._lengths(torch.tensor(sound.frames))[1])

    def _rows(self, queries: Sequence[Query], sounds: Sequence[Sound]) -> list[TokenRow]:
        return [self._row(query, self._audio_tokens(sound)) for query, sound in zip(queries, sounds, strict=True)]

    def _row(self, query: Query, audio_tokens: int) -> TokenRow:
        prompt = self._prompt(query)
        before, answer = prompt.expanded(audio_tokens), [*self._transcripts.ids(query.text), self._end]
        shift = audio_tokens - 1
        return TokenRow(
            token_ids=[*before, *answer],
            audio=range(prompt.audio, prompt.audio + audio_tokens),
            instruction=range(prompt.instruction.start + shift, prompt.instruction.stop + shift),
            answer=range(len(before), len(before) + len(answer)),
        )

    def _encode(self, queries: Sequence[Query], sounds: Sequence[Sound]) -> dict[str, _Heard]:
        """Run the encoder once over each distinct sound, as far as the longest of them reaches."""
        distinct = {query.audio_hash: sound for query, sound in zip(queries, sounds, strict=True)}
        heard, lengths = self._lengths(torch.tensor([sound.frames for sound in distinct.values()]))
        device, dtype = self.model.device, self.model.dtype
        tower, features = self._core.model.audio_tower, stacked(list(distinct.values())).to(device, dtype)
        # As the tower's own forward, which insists on a whole window of mostly silence.
        convolved = gelu(tower.conv2(gelu(tower.conv1(features)))).permute(0, 2, 1)
        convolved = convolved[:, : int(heard.max())]
        mask = create_bidirectional_mask(
            config=tower.config,
            inputs_embeds=convolved,
            attention_mask=(torch.arange(convolved.shape[1]) < heard[:, None]).long().to(device),
        )
        states = convolved + tower.embed_positions.weight[: convolved.shape[1]]
        for layer in tower.layers:
            states = layer(states, mask)
        states = tower.layer_norm(tower.avg_pooler(states.permute(0, 2, 1)).permute(0, 2, 1))
        projected = self._core.model.multi_modal_projector(states)
        return {
            key: _Heard(states[at, :length], projected[at, :length])
            for at, (key, length) in enumerate(zip(distinct, lengths.tolist(), strict=True))
        }

    def _layers(self, query: Query) -> dict[str, torch.Tensor]:
        with recorded("encoder", self._core.model.audio_tower, entering=True) as encoded:
            heard = self._encode([query], self._sounds.get([query]))[query.audio_hash]
        row = self._row(query, len(heard.projected))
        places = slice(row.audio.start, row.audio.stop)
        ids = torch.tensor(row.token_ids[: row.audio.stop], device=self.model.device)
        embedded = self.model.get_input_embeddings()(ids)
        embedded[places] = heard.projected
        decoder = self.model.model.language_model
        with recorded("language_model", decoder) as decoded:
            decoder(inputs_embeds=embedded[None], use_cache=False)
        connector = {"connector": heard.projected}
        return {**pooled(encoded, slice(None)), **pooled(connector, slice(None)), **pooled(decoded, places)}

    def _run(self, queries: Sequence[Query]) -> list[_QwenRun]:
        """Run encoder and language model; what rows of one sound begin with in common runs once."""
        sounds = self._sounds.get(queries)
        rows = self._rows(queries, sounds)
        heard = self._encode(queries, sounds)
        decoder, embed = self.model.model.language_model, self.model.get_input_embeddings()
        tokens = [row.token_ids[:-1] for row in rows]  # the last predicts nothing
        shared = self._shared(queries, rows, tokens)
        pieces = []
        for query, row, ids, skipped in zip(queries, rows, tokens, shared.lengths, strict=True):
            piece = embed(torch.tensor(ids[skipped:], dtype=torch.int64, device=self.model.device))
            if not skipped:
                piece[row.audio.start : row.audio.stop] = heard[query.audio_hash].projected
            pieces.append(piece)
        return [
            _QwenRun(row, heard[query.audio_hash].state, hidden, sound.seconds_cut)
            for query, row, hidden, sound in zip(
                queries, rows, shared_hidden(decoder, pieces, shared), sounds, strict=True
            )
        ]

    def _shared(
        self, queries: Sequence[Query], rows: Sequence[TokenRow], tokens: Sequence[Sequence[int]]
    ) -> SharedPrefix:
        if getattr(self.model.config.text_config, "sliding_window", None):  # counts padding among what it holds
            return SharedPrefix(list(range(len(rows))), [0] * len(rows))
        return common_beginnings(tokens, [query.audio_hash for query in queries], [row.audio.stop for row in rows])

    def _read(self, run: _QwenRun, slices: Sequence[str]) -> Forced:
        """Read the slices asked for; the head runs on their positions alone, for vocabularies are large."""
        token_ids, logits = {}, {}
        for name in slices:
            ids, vectors = scored(run.row, run.hidden, name)
            logits[name] = self.model.lm_head(vectors).float()
            token_ids[name] = logits[name].argmax(-1) if name == "audio" else ids
        return Forced(token_ids, logits, *run.pooled(), run.seconds_cut)


@dataclass(frozen=True)
class _Heard:
    """A sound at its audio positions: the encoder's output float[n, d], and what the language model is given of it."""

    state: torch.Tensor
    projected: torch.Tensor


@dataclass(frozen=True)
class _QwenRun:
    """A row after its forward: the encoder's output at its audio, the last hidden layer at all its positions."""

    row: TokenRow
    state: torch.Tensor
    hidden: torch.Tensor
    seconds_cut: float

    def pooled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the means over the audio positions, float32[d] each."""
        at_audio = self.hidden[self.row.audio.start : self.row.audio.stop]
        return self.state.float().mean(0).cpu(), at_audio.float().mean(0).cpu()
