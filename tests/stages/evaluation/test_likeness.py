"""Which differences between two records make a reference useless."""

from typing import Any

import pytest

from stages.evaluation.likeness import run_otherwise

PLAIN = {"architecture": "whisper", "dtype": "float32", "attention": "sdpa"}


@pytest.mark.parametrize(
    ("target", "reference", "alike"),
    [
        ({}, {}, True),
        ({}, {"architecture": "qwen2_audio"}, True),
        ({}, {"attention": "eager"}, True),
        ({"quantization": "none"}, {}, True),
        ({"placement": "auto"}, {"placement": "one_device"}, True),
        ({}, {"dtype": "bfloat16"}, False),
        ({"quantization": "int8"}, {}, False),
        ({"quantization": "int8"}, {"quantization": "int4"}, False),
        ({"published_quantization": "gptq"}, {}, False),
        ({"published_quantization": "gptq"}, {"published_quantization": "gptq"}, True),
        ({"architecture": "endpoint", "dtype": "unstated"}, {}, False),
        ({"architecture": "endpoint", "dtype": "unstated"}, {"architecture": "endpoint", "dtype": "unstated"}, True),
    ],
)
def test_engine_dtype_and_quantisation_count(target: dict[str, Any], reference: dict[str, Any], alike: bool) -> None:
    found = run_otherwise(PLAIN | target, PLAIN | reference)
    assert (found is None) == alike
    assert (run_otherwise(PLAIN | reference, PLAIN | target) is None) == alike
