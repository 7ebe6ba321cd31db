"""Write a checkpoint that was published with code of its own as the architecture of `transformers`, without that code.

Phi-4 multimodal (arXiv 2503.01743): tensors get other names, the config is sorted into parts, and the low-rank updates
for speech, which lie among the weights, get a folder of their own. No number of a tensor changes.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import (
    Phi4MultimodalAudioConfig,
    Phi4MultimodalConfig,
    Phi4MultimodalFeatureExtractor,
    Phi4MultimodalForCausalLM,
    Phi4MultimodalVisionConfig,
)

from stages.core.errors import EarwitnessError
from stages.models.hashing import refuse_pickles
from stages.models.inspection import check_files

PUBLISHED = "phi4mm"
SPEECH_UPDATES = "speech-lora"
AUDIO_TOKEN = "<|endoftext11|>"  # noqa: S105 (a placeholder for sound)
COPIED = ("tokenizer*", "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "chat_template*")
COPIED_CONFIG = ("generation_config.json",)
LEFT_OUT = ("auto_map", "architectures", "transformers_version", "_attn_implementation", "_name_or_path")
EAR = r"(model\.embed_tokens_extend\.audio_embed)"
LAYER = EAR + r"(\.encoder\.encoders\.\d+)"
EYE = r"(model\.embed_tokens_extend\.image_embed)"
RENAMED = {
    LAYER + r"\.feed_forward_(in|out)\.net\.0\.linear": r"\1\2.feed_forward_\3.gate_up_proj",
    LAYER + r"\.feed_forward_(in|out)\.net\.2": r"\1\2.feed_forward_\3.down_proj",
    LAYER + r"\.self_attn\.linear_(q|k|v)": r"\1\2.self_attn.\3_proj",
    LAYER + r"\.self_attn\.linear_out": r"\1\2.self_attn.o_proj",
    EAR + r"\.audio_projection\.speech\.0": r"\1.up_proj_for_speech",
    EAR + r"\.audio_projection\.speech\.2": r"\1.down_proj_for_speech",
    EAR + r"\.audio_projection\.vision\.0": r"\1.up_proj_for_vision_speech",
    EAR + r"\.audio_projection\.vision\.2": r"\1.down_proj_for_vision_speech",
    EYE + r"\.img_projection\.0": r"\1.img_projection_up",
    EYE + r"\.img_projection\.2": r"\1.img_projection_down",
    EYE + r"\.glb_GN": r"\1.global_img_feature_extensor",
    EYE + r"\.sub_GN": r"\1.sub_img_feature_extensor",
}
SOUND_KEYS = {
    "attention_dim": "hidden_size",
    "attention_heads": "num_attention_heads",
    "linear_units": "intermediate_size",
    "depthwise_seperable_out_channel": "depthwise_separable_out_channel",
}


def convert(folder: Path, out: Path) -> list[str]:
    """Convert a checkpoint.

    Parameters
    ----------
    folder : Path
        The checkpoint as it is published.
    out : Path
        Must not exist. It is written beside and renamed when it is complete.

    Returns
    -------
    list of str
        What was written, a line each.

    Raises
    ------
    EarwitnessError
        If the folder holds no such checkpoint, if tensors are missing, or if `out` exists.
    """
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise EarwitnessError(f"{folder}: holds no config.json: give the folder of a checkpoint")
    if out.exists():
        raise EarwitnessError(f"{out}: exists already: give a folder that does not")
    refuse_pickles(folder.iterdir())
    check_files(folder)
    published = json.loads(config_file.read_text(encoding="utf-8"))
    if published.get("model_type") != PUBLISHED:
        raise EarwitnessError(
            f"{config_file}: model_type {published.get('model_type')!r} is not converted, only {PUBLISHED!r} is: "
            "name the folder as a target as it is"
        )
    config = _config(config_file, published, folder)
    temporary = out.with_name(f".{out.name}.writing")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        updates = _write_weights(folder, temporary, config)
        written = _write_updates(folder, temporary, updates, published)
        config.save_pretrained(temporary)
        _write_processor(folder, temporary)
        temporary.replace(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    of_updates = [f"{out / SPEECH_UPDATES}: low-rank updates for speech"] if written else []
    return [f"{out}: {config.model_type}", *of_updates]


def _config(path: Path, published: Mapping[str, Any], folder: Path) -> Any:
    """Return the config of `transformers` with the same sizes."""
    try:
        sound = {SOUND_KEYS.get(key, key): value for key, value in published["audio_processor"]["config"].items()}
        sound["nemo_conv_channels"] = sound["nemo_conv_settings"]["conv_channels"]
        sound["bias_max_distance"] = sound["relative_attention_bias_args"]["t5_bias_max_distance"]
        layers = published["embd_layer"]
        sound["downsample_rate"] = layers["audio_embd_layer"].get("downsample_rate", 1)
        sight = layers["image_embd_layer"]
    except (KeyError, TypeError, AttributeError) as error:
        raise EarwitnessError(f"{path}: lacks {error} of a {PUBLISHED}: copy the published config.json") from error
    token = _audio_token(folder / "tokenizer.json")
    if token is not None:
        sound["audio_token_id"] = token
    own = {"audio_processor", "embd_layer", "speech_lora", "vision_lora", "model_type", *LEFT_OUT}
    return Phi4MultimodalConfig(
        **{key: value for key, value in published.items() if key not in own},
        audio_config=_known(Phi4MultimodalAudioConfig, sound),
        vision_config=_known(Phi4MultimodalVisionConfig, sight),
    )


def _known(kind: Any, stated: Mapping[str, Any]) -> dict[str, object]:
    """Return those entries that a config of `transformers` has by the same name."""
    known = kind().to_dict()
    return {key: value for key, value in stated.items() if key in known and key not in ("model_type", *LEFT_OUT)}


def _audio_token(path: Path) -> int | None:
    added = json.loads(path.read_text(encoding="utf-8")).get("added_tokens", []) if path.is_file() else []
    return next((int(token["id"]) for token in added if token["content"] == AUDIO_TOKEN), None)


def _write_weights(folder: Path, out: Path, config: Any) -> dict[str, torch.Tensor]:
    """Write the weights under their new names, a file at a time, and return the updates for speech."""
    with torch.device("meta"):
        needed = {name: tuple(tensor.shape) for name, tensor in Phi4MultimodalForCausalLM(config).state_dict().items()}
    if config.tie_word_embeddings:
        needed.pop("lm_head.weight", None)
    placed: dict[str, str] = {}
    updates: dict[str, torch.Tensor] = {}
    for shard in sorted(folder.glob("model*.safetensors")):
        held: dict[str, torch.Tensor] = {}
        with safe_open(shard, "pt") as file:
            for name in file.keys():  # noqa: SIM118 (not a mapping)
                if ".lora_" in name:
                    if ".speech." in name:
                        updates[f"base_model.model.{name.replace('.speech.', '.')}"] = file.get_tensor(name)
                    continue
                new = _renamed(name)
                if new in needed:
                    held[new] = file.get_tensor(name)
        for name, tensor in held.items():
            if tuple(tensor.shape) != needed[name]:
                raise EarwitnessError(f"{shard}: {name} has another shape than config.json says: copy it again")
        placed |= dict.fromkeys(held, shard.name)
        save_file(held, out / shard.name, {"format": "pt"})
    lost = sorted(set(needed) - set(placed))
    if lost:
        raise EarwitnessError(f"{folder}: {len(lost)} weights are not in its files, such as {lost[0]}: copy it again")
    if {*placed.values()} != {"model.safetensors"}:
        index = {"metadata": {}, "weight_map": placed}
        (out / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    return updates


def _renamed(name: str) -> str:
    plain = name.replace(".base_layer.", ".")
    for old, new in RENAMED.items():
        plain, found = re.subn(f"^{old}", new, plain)
        if found:
            break
    return plain


def _write_updates(folder: Path, out: Path, updates: Mapping[str, torch.Tensor], published: Mapping[str, Any]) -> bool:
    """Write the updates for speech that lie among the weights; else copy those that have a folder."""
    if not updates:
        if (folder / SPEECH_UPDATES).is_dir():
            shutil.copytree(folder / SPEECH_UPDATES, out / SPEECH_UPDATES)
        return (folder / SPEECH_UPDATES).is_dir()
    stated = published.get("speech_lora")
    if not isinstance(stated, dict) or not {"r", "lora_alpha"} <= set(stated):
        raise EarwitnessError(
            f"{folder / 'config.json'}: speech_lora states no r and lora_alpha: copy the published one"
        )
    modules = sorted({name.removeprefix("base_model.model.").split(".lora_")[0] for name in updates})
    config = LoraConfig(r=stated["r"], lora_alpha=stated["lora_alpha"], target_modules=modules, task_type="CAUSAL_LM")
    config.save_pretrained(str(out / SPEECH_UPDATES))
    save_file(dict(updates), out / SPEECH_UPDATES / "adapter_model.safetensors", {"format": "pt"})
    return True


def _write_processor(folder: Path, out: Path) -> None:
    """Copy the tokenizer, and write a feature extractor of `transformers` with the same settings."""
    for pattern in (*COPIED, *COPIED_CONFIG):
        for path in folder.glob(pattern):
            shutil.copyfile(path, out / path.name)
    settings = out / "tokenizer_config.json"
    if settings.is_file():
        stated = json.loads(settings.read_text(encoding="utf-8"))
        stated.pop("auto_map", None)
        settings.write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    path = folder / "preprocessor_config.json"
    stated = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    left_out = {"feature_extractor_type", "image_processor_type", "processor_class", *LEFT_OUT}
    known = Phi4MultimodalFeatureExtractor().to_dict()
    kept = {key: value for key, value in stated.items() if key in known and key not in left_out}
    Phi4MultimodalFeatureExtractor(**kept).save_pretrained(out)
