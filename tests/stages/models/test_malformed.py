"""Checkpoints as people reported them broken: each ends the stage in one line, with nothing written."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from flows.command_line import main
from stages.core.errors import EarwitnessError
from stages.target.__main__ import work
from tests.params import load_whole
from tests.stages.models.families import BUILDERS

MINE = Path("mine")
WEIGHTS = MINE / "model.safetensors"
Spoil = Callable[[], object]


def changed(name: str, **changes: Any) -> Spoil:
    def spoil() -> None:
        content = json.loads((MINE / name).read_text())
        (MINE / name).write_text(json.dumps({**content, **changes}))

    return spoil


def written(name: str, content: str) -> Spoil:
    return lambda: (MINE / name).write_text(content)


def shards(change: Callable[[dict[str, str]], dict[str, str]], index: str | None = None) -> Spoil:
    """Split the weights into two files, and change the index, or write this in its place."""

    def spoil() -> None:
        weights = load_file(WEIGHTS)
        WEIGHTS.unlink()
        names = sorted(weights)
        placed = {name: f"model-0000{at % 2 + 1}-of-00002.safetensors" for at, name in enumerate(names)}
        for shard in {*placed.values()}:
            held = {name: weights[name] for name in names if placed[name] == shard}
            save_file(held, MINE / shard, {"format": "pt"})
        content = json.dumps({"weight_map": change(placed)}) if index is None else index
        (MINE / "model.safetensors.index.json").write_text(content)

    return spoil


def twice() -> None:
    shards(lambda placed: placed)()
    both = {
        **load_file(MINE / "model-00001-of-00002.safetensors"),
        **load_file(MINE / "model-00002-of-00002.safetensors"),
    }
    save_file(both, MINE / "model-00002-of-00002.safetensors", {"format": "pt"})


def without_first(placed: dict[str, str]) -> dict[str, str]:
    return {name: placed[name] for name in sorted(placed)[1:]}


def swapped(placed: dict[str, str]) -> dict[str, str]:
    return {**placed, min(placed): max(placed.values())}


def renamed(placed: dict[str, str]) -> dict[str, str]:
    return {name: shard.replace("00002-of", "00003-of") for name, shard in placed.items()}


def more_tokens(special: bool = False, content: str = "the") -> Spoil:
    def spoil() -> None:
        tokens = json.loads((MINE / "tokenizer.json").read_text())
        last = 1 + max(token["id"] for token in tokens["added_tokens"])
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        tokens["added_tokens"].append({"id": last, "content": content, "special": special, **flags})
        (MINE / "tokenizer.json").write_text(json.dumps(tokens))

    return spoil


def templated(template: str) -> Spoil:
    def spoil() -> None:
        for name in ("chat_template.jinja", "chat_template.json"):
            (MINE / name).unlink(missing_ok=True)
        (MINE / "chat_template.jinja").write_text(template)

    return spoil


def outside_prompt() -> None:
    more_tokens(special=True, content="<|turn|>")()
    templated("{% for m in messages %}<|turn|>{{ m['content'] }}{% endfor %}")()


def pickled() -> None:
    torch.save(load_file(WEIGHTS), MINE / "pytorch_model.bin")
    WEIGHTS.unlink()


def without(*patterns: str) -> Spoil:
    def spoil() -> None:
        for pattern in patterns:
            for path in [*MINE.glob(pattern)]:
                path.unlink()

    return spoil


def weights_changed(change: Callable[[dict[str, torch.Tensor]], object]) -> Spoil:
    def spoil() -> None:
        weights = load_file(WEIGHTS)
        change(weights)
        save_file(weights, WEIGHTS, {"format": "pt"})

    return spoil


def widened(weights: dict[str, torch.Tensor]) -> None:
    weights[min(weights)] = torch.zeros(*(size + 1 for size in weights[min(weights)].shape))


def of_nothing() -> None:
    shutil.rmtree(MINE)
    MINE.mkdir()


def a_file() -> None:
    shutil.rmtree(MINE)
    MINE.write_text("weights")


def updates_alone() -> None:
    of_nothing()
    save_file({"a": torch.zeros(1)}, MINE / "adapter_model.safetensors")
    (MINE / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": "some/base"}))


def quantised(method: str, **more: Any) -> Spoil:
    return changed("config.json", quantization_config={"quant_method": method, **more})


def header(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """Change what the first tensor's entry in the header of the weights says; the numbers stay."""

    def spoil() -> None:
        content = WEIGHTS.read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        told = json.loads(content[8:end])
        change(told[min(set(told) - {"__metadata__"})])
        made = json.dumps(told).encode()
        WEIGHTS.write_bytes(len(made).to_bytes(8, "little") + made + content[end:])

    return spoil


def first_matrix(kind: torch.dtype) -> Spoil:
    def change(weights: dict[str, torch.Tensor]) -> None:
        name = min(name for name in weights if name.endswith("q_proj.weight"))
        weights[name] = weights[name].to(kind)

    return weights_changed(change)


def in_place_of_weights(make: Callable[[], object]) -> Spoil:
    def spoil() -> None:
        WEIGHTS.unlink()
        make()

    return spoil


def extractor(**changes: Any) -> Spoil:
    def spoil() -> None:
        path = MINE / "processor_config.json"
        content = json.loads(path.read_text())
        content["feature_extractor"] |= changes
        path.write_text(json.dumps(content))

    return spoil


def updates_of(kind: str) -> Spoil:
    def spoil() -> None:
        shutil.copytree(MINE, "base")
        updates_alone()
        named = {"peft_type": kind, "base_model_name_or_path": "base", "target_modules": ["q_proj"]}
        (MINE / "adapter_config.json").write_text(json.dumps(named))

    return spoil


QWEN: dict[str, tuple[Spoil, str]] = {
    "an empty folder": (of_nothing, r"^mine: holds no \.safetensors file: put the checkpoint there"),
    "a file in place of the folder": (a_file, r"targets\.mine\.model: mine is a file: give the folder"),
    "no bytes": (
        lambda: WEIGHTS.write_bytes(b""),
        r"mine/model\.safetensors: .* 0 bytes failed\): copy the file again",
    ),
    "half a file": (
        lambda: WEIGHTS.write_bytes(WEIGHTS.read_bytes()[: WEIGHTS.stat().st_size // 2]),
        r"mine/model\.safetensors: .*needs \d+ bytes, it has \d+\): copy the file again",
    ),
    "a pointer": (
        lambda: WEIGHTS.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        r"mine/model\.safetensors: a pointer of Git LFS, not the weights: fetch them with 'git lfs pull'",
    ),
    "a shard that is not there": (
        shards(renamed),
        r"index\.json: names model-00003-of-00002\.safetensors, which is not",
    ),
    "an index of another shard": (
        shards(swapped),
        r"index\.json: \S+ is not in model-00002-of-00002\.safetensors: save",
    ),
    "an index without a tensor": (shards(without_first), r"index\.json: does not name \S+, which its files hold"),
    "a tensor in two shards": (twice, r"index\.json: \S+ is in model-00001\S+ and in model-00002\S+: save the model"),
    "an index that is no JSON": (shards(dict, "{"), r"mine/model\.safetensors\.index\.json: not a valid JSON file"),
    "an index of nothing": (shards(dict, '{"metadata": {}}'), r"index\.json: has no weight_map of tensors and files"),
    "another shape": (weights_changed(widened), r"1 weights have another shape than its config says, such as \S+\)"),
    "a lost tensor": (
        weights_changed(lambda held: held.pop(min(held))),
        r"1 weights are not in its files, such as \S+\)",
    ),
    "no config": (without("config.json"), r"^mine: cannot be loaded \(no config\.json that names a model_type"),
    "a config that is no JSON": (written("config.json", "{,"), r"mine/config\.json: not a valid JSON file .*: copy it"),
    "a config that is a list": (written("config.json", "[]"), r"mine/config\.json: holds no JSON object"),
    "no model_type": (changed("config.json", model_type=None), r"no config\.json that names a model_type"),
    "an unknown model_type": (changed("config.json", model_type="wonder"), r"its architecture 'wonder' has no adapter"),
    "code of its own": (
        changed("config.json", model_type="wonder", auto_map={"AutoModel": "code.Wonder"}),
        r"its architecture 'wonder' needs code from the checkpoint, which is never run: use one of",
    ),
    "code that can be converted": (
        changed("config.json", model_type="phi4mm", auto_map={"AutoModel": "code.Phi4"}),
        r"'phi4mm' needs code .*: 'earwitness convert mine OUT' writes it as 'phi4_multimodal'",
    ),
    "a size that is a word": (
        changed("config.json", text_config={"hidden_size": "wide"}),
        r"^mine: cannot be loaded \(",
    ),
    "a config of another size": (
        changed("config.json", text_config=None),
        r"^mine/config\.json: describes a model of \d{11} weights, and the files hold \d{7}: put the config",
    ),
    "a wrong dtype": (
        changed("config.json", dtype="float31"),
        r"^mine/config\.json: dtype 'float31' is no type of torch",
    ),
    "pickles alone": (pickled, r"mine/pytorch_model\.bin: a pickle, which can run code and is never loaded"),
    "no tokenizer": (without("tokenizer*", "vocab.json", "merges.txt"), r"^mine: cannot be loaded \(.*tokenizer"),
    "a tokenizer of nothing": (written("tokenizer.json", "{}"), r"^mine: cannot be loaded \("),
    "more tokens than embeddings": (
        more_tokens(),
        r"^mine: its tokenizer is not this model's: token \d+ \('the'\) lies",
    ),
    "a template's token outside the embeddings": (
        outside_prompt,
        r"^mine: its tokenizer is not this model's: token \d+ \('<\|turn\|>'\) lies outside",
    ),
    "no feature extractor": (without("*processor_config.json"), r"^mine: has no feature extractor .*\.processor"),
    "a broken generation config": (
        written("generation_config.json", "{"),
        r"mine/generation_config\.json: not a valid",
    ),
    "a template that is broken": (
        templated("{% for message in messages %}"),
        r"chat template \(chat_template\.jinja, or in tokenizer_config\.json\) is broken \(line \d+: .*\): put the rel",
    ),
    "a template without the instruction": (
        templated("{% for m in messages %}<|audio_bos|><|AUDIO|><|audio_eos|>{% endfor %}"),
        r"chat template .* cannot hold one sound and 'Transcribe the speech\.'",
    ),
    "a template without the sound": (
        templated("{% for m in messages %}hello{% endfor %}"),
        r"chat template .* cannot hold one sound",
    ),
    "a template that raises": (
        templated("{{ raise_exception('no audio\n please') }}"),
        r"chat template \(chat_template\.jinja, .*\) cannot write a prompt \(no audio please\)",
    ),
    "a template that reaches out": (
        templated("{{ messages.__class__.__mro__ }}"),
        r"chat template .* cannot write a prompt \(access to attribute '__class__'",
    ),
    "a template that counts far": (
        templated("{% for i in range(10**9) %}a{% endfor %}"),
        r"chat template .* cannot write a prompt \(Range too big",
    ),
    "two types": (changed("config.json", model_type=["qwen2_audio"]), r"no config\.json that names a model_type"),
    "a place that is another's": (
        header(lambda entry: entry.update(data_offsets=[4, entry["data_offsets"][1] + 4])),
        r"^mine/model\.safetensors: \S+ has a shape or a place that the file does not hold: save it again",
    ),
    "a shape below nothing": (
        header(lambda entry: entry.update(shape=[-1])),
        r"^mine/model\.safetensors: \S+ has a shape or a place that the file does not hold",
    ),
    "a type that is none": (
        header(lambda entry: entry.update(dtype="F13")),
        r"^mine/model\.safetensors: \S+ is of type 'F13', which is none",
    ),
    "whole numbers": (
        first_matrix(torch.int8),
        r"^mine/model\.safetensors: \S+q_proj\.weight is of type I8, and config\.json has no quantization_config",
    ),
    "truth values": (first_matrix(torch.bool), r"q_proj\.weight is of type BOOL, and config\.json has no"),
    "a link to nothing": (
        in_place_of_weights(lambda: WEIGHTS.symlink_to("nothing")),
        r"^mine/model\.safetensors: no file, or a link to a file that is not there",
    ),
    "a folder of that name": (in_place_of_weights(WEIGHTS.mkdir), r"^mine/model\.safetensors: no file, or a link"),
    "a pipe": (in_place_of_weights(lambda: os.mkfifo(WEIGHTS)), r"^mine/model\.safetensors: no file, or a link"),
    "another sampling rate": (
        extractor(sampling_rate=8000),
        r"^mine: is loaded but cannot be run \(.*sampling rate of 8000.*: correct what its configs say",
    ),
    "an audio token outside the tokenizer": (
        changed("config.json", audio_token_index=99999, audio_token_id=99999),
        r"^config\.json: the audio token 99999 is no token of the tokenizer",
    ),
    "a quantisation that is a word": (
        changed("config.json", quantization_config="int4"),
        r"^mine/config\.json: quantization_config is 'int4', not an object",
    ),
    "composed of nothing": (
        changed("config.json", model_type="composed", stack=5, width=8),
        r"^mine/encoder: a composed model needs this folder",
    ),
    "updates of an unknown kind": (
        updates_of("WONDER"),
        r"^mine/adapter_config\.json: its updates cannot be read \(KeyError: 'WONDER'\)",
    ),
    "updates of prompts": (
        updates_of("PROMPT_TUNING"),
        r"^mine/adapter_config\.json: its updates cannot be read \(",
    ),
    "bitsandbytes": (
        quantised("bitsandbytes", load_in_4bit=True),
        r"^mine: config\.json: its weights are quantised \(bitsandbytes\), which needs the library \S+: install it",
    ),
    "AWQ": (
        quantised("awq", bits=4, group_size=128, zero_point=True, version="gemm"),
        r"^mine: config\.json: its weights are quantised \(awq\), which needs the library \S+: install it",
    ),
    "updates without their base": (updates_alone, r"mine/adapter_config\.json: base_model_name_or_path 'some/base' is"),
}
WHISPER: dict[str, tuple[Spoil, str]] = {
    "another extractor": (
        changed("preprocessor_config.json", feature_size=20),
        r"^mine: preprocessor_config\.json makes feature_size 20, and the model's config takes num_mel_bins 16",
    ),
    "fewer layers": (
        changed("config.json", decoder_layers=1),
        r"^mine: cannot be loaded \(\d+ weights are of layers that its config does not count, such as \S+layers\.1\.",
    ),
    "a suppressed token that is none": (
        changed("generation_config.json", suppress_tokens=[4000]),
        r"generation_config\.json or config\.json holds token 4000, which lies outside the model's 268",
    ),
    "a language that is no token": (
        changed("generation_config.json", lang_to_id={"<|de|>": 9000}, language="de"),
        r"generation_config\.json or config\.json holds token 9000, which lies outside",
    ),
}


@pytest.fixture
def declared(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load((repository / "params.yaml").read_text())
    content["targets"] = {"mine": {"model": "mine", "revision": "none", "dtype": "float32"}}
    Path("params.yaml").write_text(yaml.safe_dump(content))


class Told(logging.Handler):
    """Keeps what `transformers` logs, which would stand beside the one line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def assert_one_line(message: str) -> None:
    told = Told()
    logging.getLogger("transformers").addHandler(told)
    try:
        with pytest.raises(EarwitnessError, match=message) as raised:
            work("mine", load_whole())
    finally:
        logging.getLogger("transformers").removeHandler(told)
    assert "\n" not in str(raised.value)
    assert not told.lines
    assert not Path("data").exists()
    assert not Path(".cache/target").exists()


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("fault", QWEN)
def test_a_malformed_checkpoint_ends_in_one_line(fault: str, checkpoint: Path) -> None:
    shutil.copytree(checkpoint, MINE)
    spoil, message = QWEN[fault]
    spoil()
    assert_one_line(message)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper") / "small"
    BUILDERS["whisper"](folder)
    return folder


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("fault", WHISPER)
def test_a_malformed_whisper_ends_in_one_line(fault: str, whisper: Path) -> None:
    shutil.copytree(whisper, MINE)
    spoil, message = WHISPER[fault]
    spoil()
    assert_one_line(message)


@pytest.mark.usefixtures("declared")
def test_a_special_token_that_is_never_used_may_lie_outside(checkpoint: Path) -> None:
    shutil.copytree(checkpoint, MINE)
    more_tokens(special=True, content="<|unused|>")()
    work("mine", load_whole())
    assert Path("data/target/mine/target.json").is_file()


def test_the_command_ends_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(tmp_path / "nothing"), str(tmp_path / "out")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()
