"""The models' own forward, as `transformers` gives it: what the adapters are held against."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stages.models.adapter import Adapter, Query
from stages.models.families.batched import BatchedAdapter
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.families.generic import GenericAdapter
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.forward.rows import TokenRow, padded
from stages.models.forward.runs import EncodedAudio
from stages.models.forward.sounds import stacked

IGNORED = -100
"""The label of positions that the model's own loss leaves out."""
Batch = dict[str, torch.Tensor]


def plain_batch(adapter: Qwen2AudioAdapter, queries: Sequence[Query]) -> Batch:
    """Return Qwen2-Audio's own arguments, over whole windows, with `labels` of -100 outside the answers."""
    sounds = adapter._sounds.get(queries)
    frames = adapter.model.config.audio_config.max_source_positions * 2
    held = torch.tensor([sound.frames for sound in sounds])
    counts = adapter.encoder._get_feat_extract_output_lengths(held)[1].tolist()
    rows = [adapter._row(query, unheard(count)) for query, count in zip(queries, counts, strict=True)]
    ids, mask = padded(rows, adapter.parts.tokenizer.pad_token_id)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "input_features": stacked(sounds, frames),
        "feature_attention_mask": (torch.arange(frames) < held[:, None]).long(),
        "labels": _labels(rows, ids),
    }


def unheard(audio_tokens: int) -> EncodedAudio:
    """Return a sound of which only its number of audio tokens is known."""
    return EncodedAudio(torch.empty(0), torch.empty(audio_tokens, 0), 0.0)


def plain_arguments(adapter: Adapter, query: Query) -> Batch:
    """Return the own arguments of a model of any family for one query, with `labels`."""
    if isinstance(adapter, Qwen2AudioAdapter):
        return plain_batch(adapter, [query])
    if isinstance(adapter, EncoderDecoderAdapter):
        heard = adapter._hear([query])[query.audio_hash]
        row = adapter._row(query, heard)
        ids = torch.tensor([row.token_ids])
        sound = plain_sound(adapter, query)
        return {**sound, "decoder_input_ids": ids[:, :-1], "labels": _labels([row], ids)[:, 1:]}
    if isinstance(adapter, GenericAdapter):
        arguments, row = adapter.own_arguments(query)
        assert arguments["input_ids"][0].tolist() == row.token_ids
        return {**arguments, "labels": _labels([row], arguments["input_ids"])}
    assert isinstance(adapter, BatchedAdapter)
    row = adapter._row(query, adapter.hear([query])[query.audio_hash])
    ids = torch.tensor([row.token_ids])
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": _labels([row], ids),
        **adapter.inputs(query.samples).tensors,
    }


def plain_sound(adapter: EncoderDecoderAdapter, query: Query) -> Batch:
    """Return the own arguments of an encoder-decoder's encoder for one query."""
    sound = adapter.input(query)
    values = {adapter.model.main_input_name: sound.values[None]}
    return values if sound.mask is None else {**values, "attention_mask": sound.mask[None]}


def _labels(rows: Sequence[TokenRow], ids: torch.Tensor) -> torch.Tensor:
    labels = torch.full_like(ids, IGNORED)
    for row, label in zip(rows, labels, strict=True):
        label[row.answer.start : row.answer.stop] = torch.tensor(row.token_ids[row.answer.start :])
    return labels
