"""Weights that are quantised on loading, or by who published them; what cannot be read is one line."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.core.errors import EarwitnessError
from stages.models.checkpoint import describe
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.placement import MEMORY, require_whole
from stages.models.places import Place
from tests.params import load_whole
from tests.stages.models.conftest import MakeQuery
from tests.stages.models.test_placement import memory_for, reduce, scores

LOST = {"int8": (1e-4, 0.1), "int4": (1e-2, 2.0)}
"""Between which changes of a log-probability, in nats, the largest of the lab's untrained model lies."""


def has(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


needs_torchao = pytest.mark.skipif(not has("torchao"), reason="torchao is not installed: pip install -e '.[quantized]'")


def stated(checkpoint: Path, folder: Path, **quantised: object) -> Path:
    """Return a copy of a checkpoint whose config says that its weights are quantised."""
    shutil.copytree(checkpoint, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": quantised}))
    return folder


@needs_torchao
@pytest.mark.parametrize("kind", LOST)
def test_quantised_on_loading_a_model_loses_a_little(checkpoint: Path, make_query: MakeQuery, kind: str) -> None:
    plain = load_checkpoint(checkpoint.as_posix(), LoadOptions())
    small = load_checkpoint(checkpoint.as_posix(), LoadOptions.model_validate({"quantization": kind}))
    queries = [make_query(1.0, "Anna.", seed=1), make_query(1.0, "Anna sings.", seed=1), make_query(2.5, "Bo.", seed=2)]
    found = [adapter.reduced(queries, ["transcript"], reduce) for adapter in (plain, small)]
    before, after = (torch.cat([row.statistics["transcript"]["log_probability"] for row in rows]) for rows in found)
    least, most = LOST[kind]
    assert least < (before - after).abs().max() < most
    alone = scores(small.reduced(queries[1:2], ["transcript"], reduce))
    assert torch.allclose(alone, scores(found[1][1:2]), atol=1e-4)
    with pytest.raises(EarwitnessError, match=r"^fine-tuning needs all weights.*quantization: none$"):
        require_whole(small.model, "fine-tuning")


@needs_torchao
def test_quantised_layers_that_would_be_offloaded_are_one_line(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(MEMORY, memory_for(load_checkpoint(checkpoint.as_posix(), LoadOptions()).model))
    with pytest.raises(EarwitnessError, match=rf"^{checkpoint}: does not fit on the cards even as int8"):
        load_checkpoint(checkpoint.as_posix(), LoadOptions(quantization="int8", placement="auto"))


def test_quantising_without_the_library_is_one_line(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.models.quantization.find_spec", lambda name: None)
    with pytest.raises(EarwitnessError, match=r"quantization 'int8' needs the library torchao: pip install"):
        load_checkpoint(checkpoint.as_posix(), LoadOptions(quantization="int8"))


@pytest.mark.parametrize(
    ("method", "library"),
    [("awq", "gptqmodel"), ("gptq", "gptqmodel"), ("bitsandbytes", "bitsandbytes"), ("quanto", "optimum.quanto")],
)
def test_published_weights_without_their_library_are_one_line(
    checkpoint: Path, tmp_path: Path, method: str, library: str
) -> None:
    if has(library.split(".")[0]):
        pytest.skip(f"{library} is installed")
    folder = stated(checkpoint, tmp_path / method, quant_method=method, bits=4)
    with pytest.raises(
        EarwitnessError, match=rf"^{folder}: config.json: .*\({method}\), which needs the library {library}:"
    ):
        load_checkpoint(folder.as_posix(), LoadOptions())


def test_a_method_that_nobody_knows_is_one_line(checkpoint: Path, tmp_path: Path) -> None:
    folder = stated(checkpoint, tmp_path / "own", quant_method="mine")
    with pytest.raises(EarwitnessError, match=rf"^{folder}: config.json: .* not known \(mine\): use one of .*awq"):
        load_checkpoint(folder.as_posix(), LoadOptions())


def test_quantised_weights_are_not_quantised_again(checkpoint: Path, tmp_path: Path) -> None:
    folder = stated(checkpoint, tmp_path / "twice", quant_method="fp8")
    with pytest.raises(
        EarwitnessError, match=rf"^{folder}: config.json: .*already quantised \(fp8\).*quantization: none$"
    ):
        load_checkpoint(folder.as_posix(), LoadOptions(quantization="int8"))


def test_the_record_names_how_the_weights_were_published(checkpoint: Path, tmp_path: Path) -> None:
    folder, params = stated(checkpoint, tmp_path / "small", quant_method="gptq", bits=4), load_whole()
    adapter = load_checkpoint(checkpoint.as_posix(), LoadOptions())  # in place of one that gptqmodel would load
    records = [
        describe(adapter, "mine", Place(path.as_posix(), "", path), LoadOptions(), params)
        for path in (checkpoint, folder)
    ]
    assert [record.published_quantization for record in records] == ["", "gptq"]
    assert records[0].fingerprint()["weight_hash"] != records[1].fingerprint()["weight_hash"]


@pytest.mark.skipif(not has("compressed_tensors"), reason="compressed-tensors is not installed")
def test_compressed_tensors_are_restored_although_the_whole_model_never_runs(
    checkpoint: Path, make_query: MakeQuery, tmp_path: Path
) -> None:
    weights = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel"}
    folder = stated(
        checkpoint,
        tmp_path / "compressed",
        quant_method="compressed-tensors",
        format="int-quantized",
        quantization_status="compressed",
        ignore=["lm_head"],
        config_groups={"group_0": {"format": "int-quantized", "targets": ["Linear"], "weights": weights}},
    )
    made: dict[str, torch.Tensor] = {}
    for name, weight in load_file(checkpoint / "model.safetensors").items():
        if weight.ndim == 2 and name.endswith(".weight") and "embed" not in name and "lm_head" not in name:
            scale = weight.abs().amax(1, keepdim=True) / 127
            made |= {name: (weight / scale).round().to(torch.int8), f"{name}_scale": scale}
        else:
            made[name] = weight
    save_file(made, folder / "model.safetensors", {"format": "pt"})
    query = [make_query(1.0, "Anna.", seed=1)]
    plain, small = (load_checkpoint(path.as_posix(), LoadOptions()) for path in (checkpoint, folder))
    before, after = (scores(found.reduced(query, ["transcript"], reduce)) for found in (plain, small))
    assert 1e-4 < (before - after).abs().max() < 0.5
