"""Qwen2-Audio (arXiv 2407.10759): a Whisper-style encoder, a linear projection and a Qwen2 language model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import gelu
from transformers import Qwen2AudioForConditionalGeneration
from transformers.masking_utils import create_bidirectional_mask

from stages.models.adapter import Query, family
from stages.models.families.placeholder import PlaceholderAdapter
from stages.models.forward.parts import Parts
from stages.models.forward.runs import EncodedAudio
from stages.models.forward.sounds import shared_sounds, stacked
from stages.models.forward.transfer import to_device


@family("qwen2_audio")
class Qwen2AudioAdapter(PlaceholderAdapter):
    """A Qwen2-Audio checkpoint of any size and window. The sounds of a batch are encoded together."""

    model_class = Qwen2AudioForConditionalGeneration
    kind = "processor"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        frames = parts.model.config.audio_config.max_source_positions * 2  # the second convolution halves their number
        self.window_seconds = frames * parts.extractor.hop_length / parts.extractor.sampling_rate
        self._sounds = shared_sounds(parts.extractor, self.window_seconds)

    def prepare(self, queries: Sequence[Query]) -> object:
        """Compute the features of the sounds; see `Adapter.prepare`."""
        return self._sounds.get(queries)

    def hear(self, queries: Sequence[Query]) -> dict[str, EncodedAudio]:
        """Run the encoder over the distinct sounds, up to the end of the longest."""
        distinct = {query.audio_hash: query for query in queries}
        sounds = self._sounds.get(list(distinct.values()))
        tower = self.encoder
        heard, lengths = tower._get_feat_extract_output_lengths(torch.tensor([sound.frames for sound in sounds]))
        features = to_device(stacked(sounds), self._core.device, self._core.dtype)
        # The same as the tower's own forward, which requires a full window of mostly silence.
        convolved = gelu(tower.conv2(gelu(tower.conv1(features)))).permute(0, 2, 1)
        convolved = convolved[:, : int(heard.max())]
        mask = create_bidirectional_mask(
            config=tower.config,
            inputs_embeds=convolved,
            attention_mask=(torch.arange(convolved.shape[1]) < heard[:, None]).long().to(convolved.device),
        )
        states = convolved + tower.embed_positions.weight[: convolved.shape[1]]
        for layer in tower.layers:
            states = layer(states, mask)
        states = tower.layer_norm(tower.avg_pooler(states.permute(0, 2, 1)).permute(0, 2, 1))
        projected = self._core.model.multi_modal_projector(states)
        return {
            name: EncodedAudio(states[at, :length], projected[at, :length], sound.seconds_cut)
            for at, (name, sound, length) in enumerate(zip(distinct, sounds, lengths.tolist(), strict=True))
        }
