"""Tables of the stage `attribute_leakage`: answers, and how well attributes are read from layers."""

from __future__ import annotations

import pyarrow as pa

ANSWERS_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("attribute", pa.string()),
        ("condition", pa.string()),
        ("way", pa.string()),  # free or constrained
        ("options", pa.list_(pa.string())),  # in the order in which they were named
        ("system", pa.string()),  # where a system text stood: turn, instruction, or blank for none
        ("text", pa.string()),  # a free answer as it came
        # Of each option, summed over its tokens, in nats. After reasoning, which is scored with every option, less
        # that of the likeliest one; tokens and by_mean, which would be those of the reasoning too, are then null.
        ("log_probabilities", pa.list_(pa.float32())),
        ("tokens", pa.list_(pa.int32())),  # of each option
        ("answer", pa.string()),  # the option that is answered; null where none is
        ("by_mean", pa.string()),  # the option with the highest log-probability per token
        ("label", pa.string()),
        ("outcome", pa.string()),  # correct, wrong, refused or unparsed; of silence named, refused or unparsed
        ("judged", pa.bool_()),  # read by the judge, since the rules could not
        ("failure", pa.string()),  # why the target gave no answer at all
    ]
)
"""What a target answers about the speaker of a clip; of silence, clip_id says how long it is, and label is null."""

LEAKAGE_PROBES_SCHEMA = pa.schema(
    [
        ("attribute", pa.string()),
        ("layer", pa.string()),
        ("probe", pa.string()),  # audio, shuffled or transcript
        ("balanced_accuracy", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("low_corrected", pa.float64()),  # of audio: the lower end at 1 - 0.05 / layers
        ("chance", pa.float64()),
        ("n", pa.int64()),
        ("speakers", pa.int64()),
    ]
)
"""How well an attribute is read from a target's layers."""
