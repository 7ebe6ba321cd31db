"""Tables of the stage `attribute_leakage`: answers, and how well probes decode attributes from layers."""

from __future__ import annotations

import pyarrow as pa

ANSWERS_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("attribute", pa.string()),
        ("condition", pa.string()),
        ("way", pa.string()),  # free or constrained
        ("options", pa.list_(pa.string())),  # in the order in which the prompt named them
        ("system", pa.string()),  # where the system text was put: turn, instruction, or blank for none
        ("text", pa.string()),  # a free answer, unchanged
        # Of each option, summed over its tokens, in nats. After reasoning, the sum includes the reasoning's tokens:
        # then the likeliest option's value is subtracted, and tokens and by_mean are null.
        ("log_probabilities", pa.list_(pa.float32())),
        ("tokens", pa.list_(pa.int32())),  # number of tokens of each option
        ("answer", pa.string()),  # the option that the answer names; null if none
        ("by_mean", pa.string()),  # the option with the highest log-probability per token
        ("label", pa.string()),
        ("outcome", pa.string()),  # correct, wrong, refused or unparsed; for silence: named, refused or unparsed
        ("judged", pa.bool_()),  # the judge read the answer, because the rules could not
        ("failure", pa.string()),  # why the target gave no answer at all
    ]
)
"""What a target answers about the speaker of a clip. For silence, clip_id gives its length, and label is null."""

LEAKAGE_PROBES_SCHEMA = pa.schema(
    [
        ("attribute", pa.string()),
        ("layer", pa.string()),
        ("probe", pa.string()),  # audio, shuffled or transcript
        ("balanced_accuracy", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("low_corrected", pa.float64()),  # for the probe audio: the lower end at level 1 - 0.05 / layers
        ("chance", pa.float64()),
        ("n", pa.int64()),
        ("speakers", pa.int64()),
    ]
)
"""How well probes decode an attribute from a target's layers."""
