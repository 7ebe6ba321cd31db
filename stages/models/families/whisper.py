"""Whisper (arXiv 2212.04356): a window of log-mel frames, and a prefix with language and task before the transcript."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import torch
from transformers import WhisperForConditionalGeneration

from stages.models.adapter import Query, family
from stages.models.families.encoder_decoder import EncodedSound, EncoderDecoderAdapter, Input
from stages.models.families.whisper_prefix import answer_prefix
from stages.models.forward.parts import Parts
from stages.models.forward.rows import TokenRow
from stages.models.forward.sounds import SoundCache
from stages.models.forward.vocabulary import check_tokens


@family("whisper")
class WhisperAdapter(EncoderDecoderAdapter):
    """A Whisper checkpoint of any size and window, multilingual or not.

    The language of each sound is that of `LoadOptions`, or the one that the checkpoint states for generation. If both
    state none, it is the language that the model finds most probable, as in the paper.
    """

    model_class = WhisperForConditionalGeneration
    takes_language = True

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._prefix = answer_prefix(parts)
        settings = parts.model.generation_config
        suppressed = [*(settings.suppress_tokens or []), *(settings.begin_suppress_tokens or [])]
        check_tokens(parts.model, [*self._prefix.tokens(), *suppressed], "generation_config.json or config.json")
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
        known = self._prefix
        language = self._guessed(states, known.start, known.detected) if known.detected else known.language
        return [known.start, *([] if language is None else [language]), *known.after]

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
