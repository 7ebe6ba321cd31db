"""``python -m stages.lab_target.composed``: a second base of another family, trained like the lab's own base.

It is a composed model (`stages.models.families.composed`): a small Conformer like w2v-BERT 2.0 (arXiv 2312.05187), a
connector and a Llama. It is not a stage, because no audit needs it. It is saved to ``models/lab_composed/``, and
`params.yaml: targets` can name it like any other model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, LlamaConfig, SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig

from stages.core.run.randomness import seed_of
from stages.core.run.stage import run_stage
from stages.core.store.codeversion import code_version
from stages.lab_target.build import (
    DECODER_LAYERS,
    ENCODER_LAYERS,
    HEADS,
    INITIAL_DEVIATION,
    MELS,
    WIDTH,
    byte_tokenizer,
)
from stages.lab_target.params import LabTargetParams
from stages.lab_target.pool import teach
from stages.models.checkpoint import save_checkpoint
from stages.models.families.composed import ComposedAdapter, ComposedConfig, compose

FOLDER = Path("models/lab_composed")
FRAMES_STACKED = 2
"""The feature extractor stacks this many frames, and so does the connector. One audio token is then 40 ms long, as in
the lab's own base.
"""


def build_composed(seed: int) -> ComposedAdapter:
    """Return the untrained model. Equal seeds give equal weights."""
    tokenizer = byte_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = AutoModel.from_config(_encoder_config())
        language_model = AutoModelForCausalLM.from_config(_language_config(tokenizer))
        extractor = SeamlessM4TFeatureExtractor(
            feature_size=MELS, num_mel_bins=MELS, stride=FRAMES_STACKED, padding_value=0.0
        )
        return compose(encoder, extractor, language_model, tokenizer, ComposedConfig(FRAMES_STACKED, 2 * WIDTH))


def _encoder_config() -> Wav2Vec2BertConfig:
    """Return the configuration of a small Conformer, without dropout and the random masking of pretraining."""
    return Wav2Vec2BertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=ENCODER_LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        feature_projection_input_dim=FRAMES_STACKED * MELS,
        hidden_dropout=0.0,
        activation_dropout=0.0,
        attention_dropout=0.0,
        feat_proj_dropout=0.0,
        conformer_conv_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
        initializer_range=INITIAL_DEVIATION,
    )


def _language_config(tokenizer: Any) -> LlamaConfig:
    return LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=DECODER_LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        vocab_size=len(tokenizer) + 1,  # one more for the audio placeholder
        max_position_embeddings=2048,
        initializer_range=INITIAL_DEVIATION,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def work(_: str, params: LabTargetParams) -> None:
    """Build, train and save the second base."""
    seed = seed_of(params.seed, "lab_target", "composed")
    adapter = build_composed(seed)
    teach(adapter, code_version("stages.lab_target.composed"), params.lab_target, seed)
    save_checkpoint(adapter, FOLDER)


if __name__ == "__main__":
    run_stage("lab_target.composed", work, LabTargetParams)
