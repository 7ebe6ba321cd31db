"""Phi-4 multimodal as it is published: converted without its code, it scores as the native checkpoint does."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from flows.command_line import main
from stages.core.errors import EarwitnessError
from stages.models.adapter import Query
from stages.models.conversion import AUDIO_TOKEN, SPEECH_UPDATES, convert
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.families import AUDIO, BUILDERS

MakeQuery = Callable[..., Query]
RANK, ALPHA = 4, 8
LANGUAGE = re.compile(r"model\.layers\.\d+\.(self_attn\.(qkv|o)|mlp\.(gate_up|down))_proj\.weight")
PUBLISHED = (
    (r"\.feed_forward_(in|out)\.gate_up_proj", r".feed_forward_\1.net.0.linear"),
    (r"\.feed_forward_(in|out)\.down_proj", r".feed_forward_\1.net.2"),
    (r"(encoders\.\d+\.self_attn)\.(q|k|v)_proj", r"\1.linear_\2"),
    (r"(encoders\.\d+\.self_attn)\.o_proj", r"\1.linear_out"),
    (r"up_proj_for_speech", "audio_projection.speech.0"),
    (r"down_proj_for_speech", "audio_projection.speech.2"),
    (r"up_proj_for_vision_speech", "audio_projection.vision.0"),
    (r"down_proj_for_vision_speech", "audio_projection.vision.2"),
    (r"img_projection_up", "img_projection.0"),
    (r"img_projection_down", "img_projection.2"),
    (r"global_img_feature_extensor", "glb_GN"),
    (r"sub_img_feature_extensor", "sub_GN"),
)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small native checkpoint whose sound token is named as in the released one."""
    folder = tmp_path_factory.mktemp("phi4") / "native"
    BUILDERS["phi4_multimodal"](folder)
    for path in folder.glob("*"):
        if path.suffix in (".json", ".jinja"):
            path.write_text(path.read_text().replace(AUDIO, AUDIO_TOKEN))
    return folder


def published_name(name: str) -> str:
    for new, old in PUBLISHED:
        name, found = re.subn(new, old, name)
        if found:
            return name
    return name


def publish(native: Path, folder: Path, updates: dict[str, torch.Tensor]) -> Path:
    """Write a native checkpoint as it is published: two files, other names, updates among the weights."""
    shutil.copytree(native, folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    named: dict[str, torch.Tensor] = dict(updates)
    for name, tensor in weights.items():
        named[name.replace(".weight", ".base_layer.weight") if LANGUAGE.fullmatch(name) else published_name(name)] = (
            tensor
        )
    placed = {name: f"model-0000{at % 2 + 1}-of-00002.safetensors" for at, name in enumerate(sorted(named))}
    for shard in {*placed.values()}:
        save_file({name: named[name] for name in named if placed[name] == shard}, folder / shard, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    write_published_configs(folder)
    return folder


def write_published_configs(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    sound, sight = config.pop("audio_config"), config.pop("vision_config")
    settings = {
        **{key: sound[key] for key in ("activation", "chunk_size", "input_size", "kernel_size", "num_blocks")},
        **{"attention_dim": sound["hidden_size"], "attention_heads": sound["num_attention_heads"]},
        **{"linear_units": sound["intermediate_size"], "ext_pw_out_channel": sound["ext_pw_out_channel"]},
        **{"depthwise_seperable_out_channel": sound["depthwise_separable_out_channel"], "left_chunk": 18},
        **{"nemo_conv_settings": {"conv_channels": sound["nemo_conv_channels"]}, "cnn_layer_norm": True},
        "relative_attention_bias_args": {"t5_bias_max_distance": sound["bias_max_distance"], "type": "t5"},
    }
    config |= {
        "model_type": "phi4mm",
        "auto_map": {"AutoModelForCausalLM": "modeling_phi4mm.Phi4MMForCausalLM"},
        "audio_processor": {"name": "cascades", "config": settings},
        "embd_layer": {"audio_embd_layer": {"downsample_rate": 1}, "image_embd_layer": sight},
        "speech_lora": {"dp": 0.01, "r": RANK, "lora_alpha": ALPHA, "layer": "layers"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    path = folder / "preprocessor_config.json"
    stated = {**json.loads(path.read_text()), "feature_extractor_type": "Phi4MMAudioFeatureExtractor"}
    path.write_text(json.dumps({**stated, "auto_map": {"AutoProcessor": "processing_phi4mm.Phi4MMProcessor"}}))


@pytest.fixture(scope="module")
def updates(native: Path) -> dict[str, torch.Tensor]:
    """Updates for speech, and others for images, as they lie among the published weights."""
    generator, made = torch.Generator().manual_seed(5), {}
    for name, tensor in load_file(native / "model.safetensors").items():
        if LANGUAGE.fullmatch(name):
            module = name.removesuffix(".weight")
            for use in ("speech", "vision"):
                made[f"{module}.lora_A.{use}.weight"] = torch.randn(RANK, tensor.shape[1], generator=generator) * 0.3
                made[f"{module}.lora_B.{use}.weight"] = torch.randn(tensor.shape[0], RANK, generator=generator) * 0.3
    return made


def loss(folder: Path, query: Query) -> float:
    with torch.inference_mode():
        return float(load_checkpoint(folder.as_posix(), LoadOptions()).loss([query]).item())


def merged(native: Path, folder: Path, updates: dict[str, torch.Tensor]) -> Path:
    """Write the native checkpoint with the updates for speech added by hand."""
    shutil.copytree(native, folder)
    weights = load_file(folder / "model.safetensors")
    for name in weights:
        if LANGUAGE.fullmatch(name):
            module = name.removesuffix(".weight")
            change = updates[f"{module}.lora_B.speech.weight"] @ updates[f"{module}.lora_A.speech.weight"]
            weights[name] = weights[name] + ALPHA / RANK * change
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def test_a_converted_checkpoint_scores_as_the_native_one(
    native: Path, tmp_path: Path, updates: dict[str, torch.Tensor], make_query: MakeQuery
) -> None:
    query = make_query(1.2, "Anna buys the apple.")
    publish(native, tmp_path / "published", updates)
    with pytest.raises(
        EarwitnessError, match=r"'phi4mm' needs code .*'earwitness convert \S+/published OUT'"
    ) as raised:
        load_checkpoint((tmp_path / "published").as_posix(), LoadOptions())
    assert "\n" not in str(raised.value)
    main(["convert", str(tmp_path / "published"), str(tmp_path / "converted")])
    expected = loss(merged(native, tmp_path / "merged", updates), query)
    assert abs(expected - loss(native, query)) > 0.01
    assert loss(tmp_path / "converted", query) == pytest.approx(expected, abs=1e-5)
    assert {path.name for path in tmp_path.iterdir()} == {"published", "converted", "merged"}
    config = json.loads((tmp_path / "converted/config.json").read_text())
    assert "auto_map" not in config
    assert config["audio_config"] == json.loads((native / "config.json").read_text())["audio_config"]


def test_updates_of_a_folder_are_kept(
    native: Path, tmp_path: Path, updates: dict[str, torch.Tensor], make_query: MakeQuery
) -> None:
    query = make_query(1.2, "Anna buys the apple.")
    publish(native, tmp_path / "published", updates)
    convert(tmp_path / "published", tmp_path / "converted")
    publish(native, tmp_path / "apart", {})
    shutil.copytree(tmp_path / "converted" / SPEECH_UPDATES, tmp_path / "apart" / SPEECH_UPDATES)
    convert(tmp_path / "apart", tmp_path / "again")
    assert loss(tmp_path / "again", query) == pytest.approx(loss(tmp_path / "converted", query), abs=1e-6)


def spoilt(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        content = json.loads((folder / "config.json").read_text())
        change(content)
        (folder / "config.json").write_text(json.dumps(content))

    return spoil


def lose(folder: Path) -> None:
    shard, index = folder / "model-00001-of-00002.safetensors", folder / "model.safetensors.index.json"
    weights = load_file(shard)
    name = next(name for name in sorted(weights) if "lora" not in name)
    save_file({other: weights[other] for other in weights if other != name}, shard, {"format": "pt"})
    placed = json.loads(index.read_text())["weight_map"]
    index.write_text(json.dumps({"weight_map": {other: placed[other] for other in placed if other != name}}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoilt(lambda config: config.pop("embd_layer")), r"config\.json: lacks 'embd_layer' of a phi4mm"),
        (spoilt(lambda config: config.update(hidden_size=64)), r"safetensors: \S+ has another shape than config\.json"),
        (spoilt(lambda config: config.pop("speech_lora")), r"config\.json: speech_lora states no r and lora_alpha"),
        (spoilt(lambda config: config.update(model_type="phi3")), r"config\.json: model_type 'phi3' is not converted"),
        (lose, r"published: 1 weights are not in its files, such as \S+: copy it again"),
    ],
)
def test_what_cannot_be_converted_is_one_line(
    spoil: Callable[[Path], None], message: str, native: Path, tmp_path: Path, updates: dict[str, torch.Tensor]
) -> None:
    spoil(publish(native, tmp_path / "published", updates))
    with pytest.raises(EarwitnessError, match=message) as raised:
        convert(tmp_path / "published", tmp_path / "converted")
    assert "\n" not in str(raised.value)
    assert {path.name for path in tmp_path.iterdir()} == {"published"}


def test_nothing_is_overwritten(native: Path, tmp_path: Path) -> None:
    publish(native, tmp_path / "published", {})
    (tmp_path / "converted").mkdir()
    with pytest.raises(EarwitnessError, match=r"converted: exists already"):
        convert(tmp_path / "published", tmp_path / "converted")
