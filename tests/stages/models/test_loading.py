"""What is wrong with a checkpoint ends the stage in one line that says where, before anything is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
import yaml
from safetensors.torch import load_file, save_file

from stages.core.errors import EarwitnessError
from stages.models.adapter import Query
from stages.models.families.generic import GenericAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.target.__main__ import work
from tests.params import Whole, load_whole
from tests.stages.models.families import audioflamingo3, composed, options

Spoil = Callable[[Path], object]


def largest(folder: Path) -> Path:
    return max(folder.rglob("*.safetensors"), key=lambda path: path.stat().st_size)


def drop_weights(folder: Path) -> None:
    weights = load_file(largest(folder))
    kept = {name: weights[name] for name in sorted(weights)[len(weights) // 2 :]}
    save_file(kept, largest(folder), metadata={"format": "pt"})


def reshape_weights(folder: Path) -> None:
    weights = load_file(largest(folder))
    name = max(weights, key=lambda name: weights[name].ndim)
    weights[name] = torch.zeros(*(size + 1 for size in weights[name].shape))
    save_file(weights, largest(folder), metadata={"format": "pt"})


def truncate_weights(folder: Path) -> None:
    largest(folder).write_bytes(largest(folder).read_bytes()[:100])


def pickle_weights(folder: Path) -> None:
    for path in [*folder.rglob("model.safetensors")]:
        torch.save(load_file(path), path.with_name("pytorch_model.bin"))
        path.unlink()


def rename(architecture: str, **more: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": architecture, **more}))

    return spoil


def remove(*patterns: str) -> Spoil:
    def spoil(folder: Path) -> None:
        for pattern in patterns:
            for path in [*folder.rglob(pattern)]:
                path.unlink()

    return spoil


OF_ANY_FAMILY: dict[str, tuple[Spoil, str]] = {
    # Of a mixture of experts, which are joined when they are loaded, a lost one leaves the joined weight too small.
    "missing weights": (
        drop_weights,
        r"weights (are not in its files|have another shape).*, such as \S+\): save it whole|the files hold \d+: put",
    ),
    "weights of another shape": (reshape_weights, "1 weights have another shape than its config says"),
    "half a file": (truncate_weights, "cannot be loaded .*deserializing"),
    "pickle": (pickle_weights, r"pytorch_model\.bin: a pickle, .* save it with save_pretrained"),
    "no tokenizer": (
        remove("tokenizer*", "tekken.json", "special_tokens_map.json", "vocab.json", "merges.txt"),
        "cannot be loaded",
    ),
}
OF_ONE: dict[str, tuple[Spoil, str]] = {
    "no config": (remove("config.json"), "no config.json that names a model_type"),
    "no architecture": (rename(""), "no config.json that names a model_type"),
    "unknown architecture": (rename("wonder"), "its architecture 'wonder' has no adapter: use one of .*whisper"),
    "an endpoint's": (rename("endpoint"), "its architecture 'endpoint' has no adapter"),
    "a CTC head": (rename("wav2vec2"), "its architecture 'wav2vec2' has no text decoder: .* sum over alignments"),
    "a transducer": (rename("parakeet_tdt"), "'parakeet_tdt' has no text decoder: .* other statistics"),
    "a stream": (rename("kyutai_speech_to_text"), "depends on the frame of each word, .* other statistics"),
    "remote code": (rename("wonder", auto_map={"AutoModel": "code.Wonder"}), "needs code from the checkpoint"),
    "no processor": (
        remove("processor_config.json", "preprocessor_config.json"),
        "has no feature extractor .*targets.<name>.processor",
    ),
    "a config that is no JSON": (lambda folder: (folder / "config.json").write_text("{"), "not a valid JSON file"),
}


@pytest.fixture
def params(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Whole]:
    """Return the params of a folder in which one target is declared."""
    monkeypatch.chdir(tmp_path)

    def declare(attention: str = "sdpa", **changes: str) -> Whole:
        content = yaml.safe_load((repository / "params.yaml").read_text())
        content["targets"] = {"mine": {"model": "mine", "revision": "none", "dtype": "float32", **changes}}
        content["target"]["attention"] = attention
        Path("params.yaml").write_text(yaml.safe_dump(content))
        return load_whole()

    return declare


def assert_refused(params: Whole, message: str) -> None:
    with pytest.raises(EarwitnessError, match=message) as raised:
        work("mine", params)
    assert "\n" not in str(raised.value)
    assert not Path("data").exists()


@pytest.mark.parametrize("fault", OF_ANY_FAMILY)
def test_a_spoilt_checkpoint_of_any_family_is_refused(
    fault: str, family: tuple[str, Path], params: Callable[..., Whole]
) -> None:
    name, folder = family
    shutil.copytree(folder, "models/mine")
    spoil, message = OF_ANY_FAMILY[fault]
    spoil(Path("models/mine"))
    how = options(name)
    assert_refused(params(how.attention, language=how.language or "none"), message)


@pytest.mark.parametrize("fault", OF_ONE)
def test_a_spoilt_checkpoint_is_refused(fault: str, checkpoint: Path, params: Callable[..., Whole]) -> None:
    shutil.copytree(checkpoint, "models/mine")
    spoil, message = OF_ONE[fault]
    spoil(Path("models/mine"))
    assert_refused(params(), message)


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("main", r"targets\.mine\.revision: 'main' pins nothing: give the 40 digits of a commit"),
        ("none", r"targets\.mine\.revision: 'none' pins nothing"),
        ("0" * 40, r"targets\.mine\.model: no folder, and the hub does not give it"),
    ],
)
def test_a_hub_model_needs_a_commit_that_exists(
    revision: str, message: str, params: Callable[..., Whole], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert_refused(params(model="some/model", revision=revision), message)


def test_a_folder_has_no_revision(checkpoint: Path, params: Callable[..., Whole]) -> None:
    shutil.copytree(checkpoint, "models/mine")
    assert_refused(params(revision="0" * 40), "models/mine is a folder, which has none: write 'none'")


def test_a_pickle_beside_safetensors_of_the_same_weights_is_left_alone(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "both")
    (tmp_path / "both/pytorch_model.bin").write_bytes(b"never opened")
    (tmp_path / "both/training_args.bin").write_bytes(b"never opened")
    load_checkpoint((tmp_path / "both").as_posix(), LoadOptions())


def test_pickled_updates_are_refused(tmp_path: Path) -> None:
    composed(tmp_path / "model", lora=True)
    updates = tmp_path / "model/lora/adapter_model.safetensors"
    torch.save(load_file(updates), updates.with_suffix(".bin"))
    updates.unlink()
    with pytest.raises(EarwitnessError, match=r"lora/adapter_model\.bin: a pickle"):
        load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())
    updates.with_suffix(".bin").unlink()
    with pytest.raises(EarwitnessError, match=r"model/lora: has adapter_config\.json, but no adapter_model\.saf"):
        load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())


def test_updates_of_another_model_are_refused(tmp_path: Path) -> None:
    composed(tmp_path / "model", lora=True)
    updates = tmp_path / "model/lora/adapter_model.safetensors"
    weights = load_file(updates)
    save_file({name: weights[name] for name in sorted(weights)[1:]}, updates)
    with pytest.raises(EarwitnessError, match=r"model/lora: its updates are not those of this model \(.*missing"):
        load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())


def test_a_connector_of_another_size_is_refused(tmp_path: Path) -> None:
    composed(tmp_path / "model")
    rename("composed", width=17)(tmp_path / "model")
    with pytest.raises(EarwitnessError, match=r"connector\.safetensors: not of the sizes that config\.json states"):
        load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())


class FlamingoCousinConfig(transformers.AudioFlamingo3Config):
    """An architecture that this package does not name."""

    model_type = "flamingo_cousin"


class FlamingoCousin(transformers.AudioFlamingo3ForConditionalGeneration):
    """Its model."""

    config_class = FlamingoCousinConfig


@pytest.fixture
def cousin(tmp_path: Path) -> Path:
    transformers.AutoConfig.register("flamingo_cousin", FlamingoCousinConfig, exist_ok=True)
    transformers.AutoModelForMultimodalLM.register(FlamingoCousinConfig, FlamingoCousin, exist_ok=True)
    audioflamingo3(tmp_path / "known")
    known = transformers.AudioFlamingo3ForConditionalGeneration.from_pretrained(tmp_path / "known")
    made = FlamingoCousin(FlamingoCousinConfig(**known.config.to_dict() | {"model_type": "flamingo_cousin"}))
    made.load_state_dict(known.state_dict())
    made.save_pretrained(tmp_path / "cousin")
    transformers.AutoProcessor.from_pretrained(tmp_path / "known").save_pretrained(tmp_path / "cousin")
    return tmp_path / "cousin"


def test_an_unknown_architecture_with_the_interface_is_tried(cousin: Path, make_query: Callable[..., Query]) -> None:
    adapter = load_checkpoint(cousin.as_posix(), LoadOptions())
    assert type(adapter) is GenericAdapter
    adapter.verify()
    known = load_checkpoint((cousin.parent / "known").as_posix(), LoadOptions())
    query = make_query(1.3, "Anna buys the apple.")
    one, other = (model.forced([query], ["transcript"])[0].logits["transcript"] for model in (adapter, known))
    assert torch.equal(one, other)


def test_an_unknown_architecture_that_merges_otherwise_is_one_line(
    cousin: Path, params: Callable[..., Whole], monkeypatch: pytest.MonkeyPatch
) -> None:
    def louder(self: Any, *values: Any, **named: Any) -> Any:
        made = transformers.AudioFlamingo3ForConditionalGeneration.forward(self, *values, **named)
        made.logits = made.logits * 2  # after the head, where no merge shows
        return made

    monkeypatch.setattr(FlamingoCousin, "forward", louder)
    shutil.copytree(cousin, "models/mine")
    assert_refused(params(), "models of type 'flamingo_cousin': scores differ by .* from those of its own forward")
