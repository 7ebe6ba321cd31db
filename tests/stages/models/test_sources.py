"""Checkpoints whose parts lie apart: shards, tied weights, updates on a base, a processor elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import read_json
from stages.models.adapter import Adapter, Query
from stages.models.loading import load_adapter, load_checkpoint
from stages.models.options import LoadOptions
from stages.models.record import read_record
from stages.target.__main__ import work
from stages.target.check import check_inputs
from tests.params import Whole, load_whole
from tests.stages.models.families import BUILDERS

MakeQuery = Callable[..., Query]
Declare = Callable[..., Whole]
PROCESSING = ("tokenizer*", "special_tokens_map.json", "*processor_config.json", "chat_template.jinja")


@pytest.fixture
def declare(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Return the params of a folder in which one target is declared."""
    monkeypatch.chdir(tmp_path)

    def params(model: str = "mine", **changes: str) -> Whole:
        content = yaml.safe_load((repository / "params.yaml").read_text())
        content["targets"] = {"mine": {"model": model, "revision": "none", "dtype": "float32", **changes}}
        Path("params.yaml").write_text(yaml.safe_dump(content))
        return load_whole()

    return params


def loss(adapter: Adapter, query: Query) -> float:
    with torch.inference_mode():
        return float(adapter.loss([query]).item())


def recorded_loss(params: Whole, query: Query) -> tuple[float, str]:
    """Run the stage and load what its record names, as other stages do."""
    work("mine", params)
    record = read_record("mine")
    assert record.audible
    return loss(load_adapter(record), query), record.weight_hash


def sharded(source: Path, folder: Path) -> Path:
    """Save a checkpoint's weights in three files with an index."""
    shutil.copytree(source, folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    placed = {name: f"model-{at % 3 + 1:05}-of-00003.safetensors" for at, name in enumerate(sorted(weights))}
    for shard in {*placed.values()}:
        save_file({n: weights[n] for n in weights if placed[n] == shard}, folder / shard, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": placed}))
    return folder


def updated(base: Path, folder: Path, **changes: Any) -> Path:
    """Save low-rank updates of a checkpoint alone, as peft does."""
    adapter = load_checkpoint(base.as_posix(), LoadOptions())
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, **changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = get_peft_model(adapter.model, config)
    model.save_pretrained(str(folder))
    told = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**told, "base_model_name_or_path": base.as_posix()}))
    return folder


@pytest.mark.parametrize("name", ["whisper", "qwen2_audio", "voxtral"])
def test_shards_are_loaded_as_one_file_is(name: str, tmp_path: Path, declare: Declare, make_query: MakeQuery) -> None:
    query = make_query(1.0, "Anna buys.")
    BUILDERS[name](tmp_path / "whole")
    sharded(tmp_path / "whole", tmp_path / "models/mine")
    made, _ = recorded_loss(declare(), query)
    assert made == pytest.approx(loss(load_checkpoint("whole", LoadOptions()), query), abs=1e-6)


def test_tied_weights_are_stored_once(tmp_path: Path, declare: Declare, make_query: MakeQuery) -> None:
    query = make_query(1.0, "Anna buys.")
    BUILDERS["whisper"](tmp_path / "models/mine")
    with safe_open(tmp_path / "models/mine/model.safetensors", "pt") as file:
        assert "proj_out.weight" not in set(file.keys())
    tied, _ = recorded_loss(declare(), query)
    weights = load_file("models/mine/model.safetensors")
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"].clone()
    save_file(weights, "models/mine/model.safetensors", {"format": "pt"})
    assert recorded_loss(declare(), query)[0] == pytest.approx(tied, abs=1e-6)


@pytest.mark.parametrize("name", ["whisper", "qwen2_audio", "voxtral"])
def test_updates_alone_are_merged_into_their_base(
    name: str, tmp_path: Path, declare: Declare, make_query: MakeQuery
) -> None:
    query = make_query(1.0, "Anna buys.")
    BUILDERS[name](tmp_path / "base")
    updated(tmp_path / "base", tmp_path / "models/mine")
    plain = loss(load_checkpoint("base", LoadOptions()), query)
    made, weights = recorded_loss(declare(), query)
    assert abs(made - plain) > 0.01
    merged = load_checkpoint("models/mine", LoadOptions())
    assert not any("lora" in module for module, _ in merged.model.named_modules())
    merged.save(tmp_path / "merged")
    assert loss(load_checkpoint("merged", LoadOptions()), query) == pytest.approx(made, abs=1e-5)
    # the base is part of the hash
    content = load_file("base/model.safetensors")
    first = next(name for name in sorted(content) if content[name].ndim > 1)
    save_file({**content, first: content[first] + 0.01}, "base/model.safetensors", {"format": "pt"})
    assert recorded_loss(declare(), query)[1] != weights


def test_the_base_may_be_stated(tmp_path: Path, declare: Declare, make_query: MakeQuery) -> None:
    query = make_query(1.0, "Anna buys.")
    BUILDERS["whisper"](tmp_path / "base")
    folder = updated(tmp_path / "base", tmp_path / "models/mine")
    named, _ = recorded_loss(declare(), query)
    config = json.loads((folder / "adapter_config.json").read_text())
    for stated in ("openai/whisper-tiny", "", "/nowhere/base"):
        (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": stated}))
        with pytest.raises(EarwitnessError, match=r"adapter_config\.json: .*targets\.<name>\.base") as raised:
            work("mine", declare())
        assert "\n" not in str(raised.value)
    assert recorded_loss(declare(base="base"), query)[0] == pytest.approx(named, abs=1e-6)
    with pytest.raises(EarwitnessError, match=r"targets\.mine\.base: 'nowhere' is neither a folder, nor a hub id with"):
        work("mine", declare(base="nowhere"))
    with pytest.raises(EarwitnessError, match=r"targets\.<name>\.base: base has weights of its own"):
        load_checkpoint("base", LoadOptions(base="base"))


@pytest.mark.parametrize("name", ["whisper", "qwen2_audio", "voxtral"])
def test_a_processor_may_lie_elsewhere(name: str, tmp_path: Path, declare: Declare, make_query: MakeQuery) -> None:
    query = make_query(1.0, "Anna buys.")
    BUILDERS[name](tmp_path / "base")
    shutil.copytree("base", "models/mine")
    whole, _ = recorded_loss(declare(), query)
    for pattern in (*PROCESSING, "tekken.json"):
        for path in [*Path("models/mine").glob(pattern)]:
            path.unlink()
    with pytest.raises(EarwitnessError, match=r"models/mine: .*write (that|the) model .*targets\.<name>\.processor"):
        work("mine", declare())
    params = declare(processor="base")
    made, weights = recorded_loss(params, query)
    assert made == pytest.approx(whole, abs=1e-6)
    assert read_json(Path("data/target/mine/target.json"))["processor"] == "base"
    extractor = Path("base/preprocessor_config.json")
    extractor = extractor if extractor.exists() else Path("base/processor_config.json")
    extractor.write_text(json.dumps({**json.loads(extractor.read_text()), "note": "changed"}))
    assert recorded_loss(params, query)[1] != weights  # the processor is part of the hash


def test_the_preflight_checks_where_a_processor_is_stated_to_be(tmp_path: Path, declare: Declare) -> None:
    BUILDERS["whisper"](tmp_path / "models/mine")
    (tmp_path / "empty").mkdir()
    for stated, message in (
        ("nowhere", r"targets\.mine\.processor: 'nowhere' is neither a folder, nor a hub id with a commit"),
        ("openai/whisper-tiny@main", r"targets\.mine\.processor: .*write FOLDER, or ID@<40 digits>"),
        ("empty", r"targets\.mine\.processor: empty has none of processor_config\.json"),
    ):
        with pytest.raises(EarwitnessError, match=message):
            check_inputs(declare(processor=stated), [], ["mine"])
    with pytest.raises(EarwitnessError, match=r"targets\.mine\.processor: a served model brings its own"):
        check_inputs(declare("http://localhost:1/v1#m", processor="models/mine"), [], ["mine"])
    check_inputs(declare(processor="models/mine"), [], ["mine"])
