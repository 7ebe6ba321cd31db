"""Qwen2-Audio (arXiv 2407.10759): a Whisper-style encoder, a linear projection and a Qwen2 language model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration
from transformers.masking_utils import create_bidirectional_mask

from stages.target.adapter import ADAPTERS, Adapter, Forced, Query
from stages.target.adapters.prompt import Prompt, build_prompt, end_token
from stages.target.adapters.rows import Row, padded, scored
from stages.target.adapters.sounds import Sound, SoundCache

IGNORED = -100
"""The label of positions that are not trained."""


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
        self.processor = processor
        extractor = processor.feature_extractor
        frames = model.config.audio_config.max_source_positions * 2  # the second convolution halves them
        self.window_seconds = frames * extractor.hop_length / extractor.sampling_rate
        self._sounds = SoundCache(extractor, self.window_seconds)
        self._prompts: dict[str, Prompt] = {}
        self._tokenizing = Lock()
        # Asked of the encoder itself, since training may wrap the model around it.
        self._lengths = model.model.audio_tower._get_feat_extract_output_lengths

    @classmethod
    def load(cls, source: Path | str, revision: str | None, dtype: torch.dtype, attention: str) -> Qwen2AudioAdapter:
        """Load from a folder or the hub: safetensors only, no code from the checkpoint."""
        pinned: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
        model: Any = Qwen2AudioForConditionalGeneration.from_pretrained(
            source, dtype=dtype, attn_implementation=attention, use_safetensors=True, **pinned
        )
        return cls(model.eval(), AutoProcessor.from_pretrained(source, **pinned))

    @torch.inference_mode()
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward; see `Adapter.forced`."""
        sounds = self._sounds.get(queries)
        rows = self._rows(queries, sounds)
        encoded = self._encode(queries, sounds)
        states = [encoded[query.audio_hash][: len(row.audio)] for query, row in zip(queries, rows, strict=True)]
        hidden = self._decode(rows, states)
        return [
            self._read(row, state, vectors, sound.seconds_cut, slices)
            for row, state, vectors, sound in zip(rows, states, hidden, sounds, strict=True)
        ]

    def training_batch(self, queries: Sequence[Query]) -> dict[str, torch.Tensor]:
        """Return the model's keyword arguments for a training step; see `Adapter.training_batch`."""
        sounds = self._sounds.get(queries)
        rows = self._rows(queries, sounds)
        ids, mask = padded(rows, self._pad)
        labels = torch.full_like(ids, IGNORED)
        for row, label in zip(rows, labels, strict=True):
            label[row.answer.start : row.answer.stop] = torch.tensor(row.token_ids[row.answer.start :])
        features, frame_mask = _stacked(sounds)
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "input_features": features,
            "feature_attention_mask": frame_mask,
            "labels": labels,
        }

    @torch.inference_mode()
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers; see `Adapter.generate`."""
        answers = []
        for query, sound in zip(queries, self._sounds.get(queries), strict=True):
            # One at a time: padding on the left would move positions, and with them the answer.
            ids = torch.tensor([self._prompt(query.instruction).expanded(self._audio_tokens(sound))])
            features, frame_mask = _stacked([sound])
            made = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                input_features=features.to(self.model.dtype),
                feature_attention_mask=frame_mask,
                max_new_tokens=max_tokens,
                do_sample=False,
                eos_token_id=self._end,
                pad_token_id=self._pad,
            )
            answers.append(self.processor.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True))
        return answers

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

    def _prompt(self, instruction: str) -> Prompt:
        if instruction not in self._prompts:
            self._prompts[instruction] = build_prompt(self.processor, self._audio_id, instruction)
        return self._prompts[instruction]

    def _audio_tokens(self, sound: Sound) -> int:
        return int(self._lengths(torch.tensor(sound.frames))[1])

    def _rows(self, queries: Sequence[Query], sounds: Sequence[Sound]) -> list[Row]:
        # Whether special tokens are split is a state of the one tokenizer, which prompts and transcripts set unlike.
        with self._tokenizing:
            return [self._row(query, self._audio_tokens(sound)) for query, sound in zip(queries, sounds, strict=True)]

    def _row(self, query: Query, audio_tokens: int) -> Row:
        prompt = self._prompt(query.instruction)
        # A transcript that spells a special token is text, not a command.
        tokens = self.processor.tokenizer(query.text, add_special_tokens=False, split_special_tokens=True)
        before, answer = prompt.expanded(audio_tokens), [*tokens["input_ids"], self._end]
        shift = audio_tokens - 1
        return Row(
            token_ids=[*before, *answer],
            audio=range(prompt.audio, prompt.audio + audio_tokens),
            instruction=range(prompt.instruction.start + shift, prompt.instruction.stop + shift),
            answer=range(len(before), len(before) + len(answer)),
        )

    def _encode(self, queries: Sequence[Query], sounds: Sequence[Sound]) -> dict[str, torch.Tensor]:
        """Return the encoder's output float[positions, d] of each distinct sound, padding included."""
        distinct = {query.audio_hash: sound for query, sound in zip(queries, sounds, strict=True)}
        features, frame_mask = _stacked(list(distinct.values()))
        tower = self.model.model.audio_tower
        convolved = tower.config.max_source_positions
        heard, _ = self._lengths(frame_mask.sum(-1))
        mask = create_bidirectional_mask(
            config=tower.config,
            inputs_embeds=torch.zeros(len(distinct), convolved, 1, dtype=self.model.dtype),
            attention_mask=(torch.arange(convolved) < heard[:, None]).long(),
        )
        states = tower(features.to(self.model.dtype), attention_mask=mask).last_hidden_state
        return dict(zip(distinct, states, strict=True))

    def _decode(self, rows: Sequence[Row], states: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the language model's last hidden layer, float[rows, positions, d]."""
        ids, mask = padded(rows, self._pad)
        embedded = self.model.get_input_embeddings()(ids)
        for row, state, target in zip(rows, states, embedded, strict=True):
            target[row.audio.start : row.audio.stop] = self.model.model.multi_modal_projector(state)
        decoder = self.model.model.language_model
        hidden: torch.Tensor = decoder(inputs_embeds=embedded, attention_mask=mask, use_cache=False).last_hidden_state
        return hidden

    def _read(
        self, row: Row, state: torch.Tensor, hidden: torch.Tensor, seconds_cut: float, slices: Sequence[str]
    ) -> Forced:
        """Read the slices asked for; the head runs on their positions alone, for vocabularies are large."""
        token_ids, logits = {}, {}
        for name in slices:
            ids, vectors = scored(row, hidden, name)
            logits[name] = self.model.lm_head(vectors).float()
            token_ids[name] = logits[name].argmax(-1) if name == "audio" else ids
        at_audio = hidden[row.audio.start : row.audio.stop]
        return Forced(token_ids, logits, state.float().mean(0), at_audio.float().mean(0), seconds_cut)


def _stacked(sounds: Sequence[Sound]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features float32[sounds, mels, frames] and their mask int64[sounds, frames]."""
    features = torch.stack([sound.features for sound in sounds])
    frames = torch.tensor([sound.frames for sound in sounds])
    return features, (torch.arange(features.shape[-1]) < frames[:, None]).long()
