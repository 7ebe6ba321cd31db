"""Whisper (arXiv 2212.04356): a window of log-mel frames, and a prefix with language and task before the transcript."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration

from stages.models.adapter import Query, family
from stages.models.families.encoder_decoder import EncodedSound, EncoderDecoderAdapter, Input
from stages.models.forward.parts import Parts
from stages.models.forward.rows import TokenRow
from stages.models.forward.sounds import SoundCache


@family("whisper")
class WhisperAdapter(EncoderDecoderAdapter):
    """A Whisper checkpoint of any size and window, multilingual or not.

    The language of each sound is the one that the checkpoint states for generation. If it states none, it is the
    language that the model finds most probable, as in the paper.
    """

    model_class = WhisperForConditionalGeneration

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        extractor = parts.extractor
        frames = parts.model.config.max_source_positions * 2  # the second convolution halves their number
        self.window_seconds = frames * extractor.hop_length / extractor.sampling_rate
        self._sounds = SoundCache(extractor, self.window_seconds)

    def input(self, query: Query) -> Input:
        """Return the log-mel features float32[mels, frames] of the full window."""
        sound = self._sounds.get([query])[0]
        return Input(sound.features, sound.seconds_cut, sound.frames / sound.features.shape[1])

    def prefix(self, states: torch.Tensor) -> list[int]:
        """Return the tokens for start, language, task and no timestamps, as far as the checkpoint has them."""
        settings: Any = self._core.generation_config
        languages = getattr(settings, "lang_to_id", None) or {}
        start = int(self._core.config.decoder_start_token_id)
        language = languages.get(f"<|{getattr(settings, 'language', None)}|>")
        if languages and language is None:
            language = self._guessed(states, start, sorted(languages.values()))
        task = (getattr(settings, "task_to_id", None) or {}).get("transcribe")
        untimed = getattr(settings, "no_timestamps_token_id", None)
        return [start, *(int(token) for token in (language, task, untimed) if token is not None)]

    @torch.no_grad()
    def _guessed(self, states: torch.Tensor, start: int, languages: list[int]) -> int:
        made = self._core.get_decoder()(
            input_ids=torch.tensor([[start]], device=states.device), encoder_hidden_states=states[None], use_cache=False
        )
        logits = self._core.get_output_embeddings()(made.last_hidden_state[0, -1])
        return languages[int(logits[languages].argmax())]

    def _row(self, query: Query, heard: EncodedSound) -> TokenRow:
        """Put a space before a transcript, as in Whisper's training, if its script uses spaces."""
        text = query.text
        spaced = f" {text}" if text[:1].strip() and unicodedata.east_asian_width(text[0]) not in "WF" else text
        return super()._row(replace(query, text=spaced), heard)
