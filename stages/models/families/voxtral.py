"""Voxtral (arXiv 2507.13264): Whisper's encoder over windows padded with silence, merged frames, a Llama model."""

from __future__ import annotations

from fractions import Fraction

from transformers import VoxtralForConditionalGeneration

from stages.core.sound.audio import RATE, Samples
from stages.models.adapter import family
from stages.models.families.batched import BatchedAdapter
from stages.models.forward.inputs import SoundInputs
from stages.models.forward.parts import Parts


@family("voxtral")
class VoxtralAdapter(BatchedAdapter):
    """A Voxtral checkpoint whose tokenizer is ``tekken.json``, as it is published, or ``tokenizer.json``."""

    model_class = VoxtralForConditionalGeneration
    fills_tokens = True
    template = (
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
        "{{ message['content'] }}{{ eos_token }}{% else %}[INST]{% for part in message['content'] %}"
        "{% if part['type'] == 'audio' %}[BEGIN_AUDIO][AUDIO]{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}[/INST]{% endif %}{% endfor %}"
    )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._frames = parts.model.config.audio_config.max_source_positions * 2  # the second convolution halves them

    def inputs(self, samples: Samples) -> SoundInputs:
        """Return the features float32[windows, mels, frames] of the sound, padded to full windows."""
        made = self.parts.extractor(
            samples,
            sampling_rate=RATE,
            padding=True,
            truncation=False,
            pad_to_multiple_of=self._frames * self.parts.extractor.hop_length,
            return_tensors="pt",
        )
        features = made["input_features"][0]
        windows = features.reshape(len(features), -1, self._frames).transpose(0, 1).contiguous()
        filled = len(windows) * self._frames * self.parts.extractor.hop_length
        return SoundInputs({"input_features": windows}, share=Fraction(len(samples), filled))
