"""Two processes under torchrun on the CPU, which share a model's layers, give the plain load's numbers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.placement import require_whole, threads
from stages.models.sharded import ShardedAdapter, key_value_heads
from tests.stages.models.conftest import MakeQuery
from tests.stages.models.families import BUILDERS
from tests.stages.models.test_placement import CLOSE, reduce, scores

SHARDED = LoadOptions(placement="tensor_parallel")


def shards() -> list[psutil.Process]:
    """Return the running processes that hold a shard and were started from here."""
    below = psutil.Process().children(recursive=True)
    return [found for found in below if "stages.models.shard" in found.cmdline() and "torch" not in found.cmdline()[2]]


def test_a_sharded_target_gives_the_plain_loads_numbers_and_dies_in_one_line(
    checkpoint: Path, make_query: MakeQuery
) -> None:
    plain, sharded = (load_checkpoint(checkpoint.as_posix(), how) for how in (LoadOptions(), SHARDED))
    assert len(shards()) == 2
    queries = [make_query(1.0, "Anna.", seed=1), make_query(1.0, "Anna sings.", seed=1), make_query(2.5, "Bo.", seed=2)]
    slices = ["transcript", "instruction", "audio"]
    both = [scores(found.reduced(queries, slices, reduce)) for found in (plain, sharded)]
    assert torch.allclose(*both, atol=CLOSE, rtol=0)
    assert plain.generate(queries, 8) == sharded.generate(queries, 8)
    layers = [found.layers(queries[:1])[0] for found in (plain, sharded)]
    assert all(torch.allclose(layers[0][key], layers[1][key], atol=CLOSE, rtol=0) for key in layers[0])
    logits = [found.forced(queries[:1], ["transcript"])[0].logits["transcript"] for found in (plain, sharded)]
    assert torch.allclose(*logits, atol=CLOSE, rtol=0)
    count = sum(weight.numel() for weight in plain.model.parameters())
    assert sum(weight.numel() for weight in sharded.model.parameters()) == count
    assert sharded.window_seconds == plain.window_seconds
    sharded.verify()
    assert threads(sharded.model, 4) == 1
    with pytest.raises(EarwitnessError, match=r"^fine-tuning needs all weights.*placement: one_device$"):
        require_whole(sharded.model, "fine-tuning")
    os.kill(shards()[1].pid, signal.SIGKILL)
    with pytest.raises(EarwitnessError, match=r"^placement 'tensor_parallel': a process that holds a shard died"):
        sharded.reduced(queries, slices, reduce)
    assert not shards()
    with pytest.raises(EarwitnessError, match=r"^the processes that hold this target's shards have ended"):
        sharded.generate(queries, 8)


@pytest.mark.slow
def test_a_model_without_a_plan_is_one_line(tmp_path: Path) -> None:
    BUILDERS["whisper"](tmp_path / "whisper")
    with pytest.raises(EarwitnessError, match=r"transformers has no plan for WhisperFor.*choose placement 'auto'$"):
        load_checkpoint((tmp_path / "whisper").as_posix(), SHARDED)
    assert not shards()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["qwen2_5_omni_thinker", "voxtral", "phi4_multimodal", "composed"], indirect=True)
def test_a_sharded_family_gives_the_plain_loads_numbers(family: tuple[str, Path], make_query: MakeQuery) -> None:
    plain, sharded = (load_checkpoint(family[1].as_posix(), how) for how in (LoadOptions(), SHARDED))
    queries = [make_query(1.0, "Anna.", seed=1), make_query(1.0, "Anna sings.", seed=1), make_query(2.5, "Bo.", seed=2)]
    both = [scores(found.reduced(queries, ["transcript"], reduce)) for found in (plain, sharded)]
    assert torch.allclose(*both, atol=CLOSE, rtol=0)


def test_heads_that_no_number_of_processes_divides_are_one_line(checkpoint: Path) -> None:
    assert key_value_heads(checkpoint, None) == 4
    with pytest.raises(EarwitnessError, match=r"divides the model's 3 key and value heads: choose placement 'auto'$"):
        ShardedAdapter(checkpoint.as_posix(), SHARDED, 3)
