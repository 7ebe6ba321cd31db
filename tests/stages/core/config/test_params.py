"""`params.yaml`: what is wrong is named by file and key."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.core.config.yamlfile import read_yaml
from stages.core.errors import EarwitnessError
from tests.params import load_whole

AUDIT = {"corpus": "lab_trained", "target": "lab", "reference": "none"}


@pytest.fixture
def content(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((repository / "params.yaml").read_text())
    return loaded


def load(folder: Path, content: dict[str, Any]) -> Any:
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_whole(path)


def test_the_repositorys_own_are_in_order(repository: Path) -> None:
    params = load_whole(repository / "params.yaml")
    assert {audit.corpus for audit in params.audits.values()} <= set(params.corpora)
    assert {"lab_base", "lab"} <= params.known_targets()


def test_a_missing_file_and_broken_yaml(tmp_path: Path) -> None:
    with pytest.raises(EarwitnessError, match=r"params\.yaml: not found"):
        load_whole(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("seed: 7\ncorpora: {a: [}\n")
    with pytest.raises(EarwitnessError, match=r"params\.yaml, line 2: .*correct the YAML") as error:
        load_whole(tmp_path / "params.yaml")
    assert "\n" not in str(error.value)


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: 7\naudits:\n  one: {}\n  two: {}\n  one: {}\n")
    with pytest.raises(EarwitnessError, match=r"params\.yaml, line 5: 'one' stands here twice: correct the YAML"):
        load_whole(tmp_path / "params.yaml")


def test_a_mapping_may_take_over_the_keys_of_another(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text("one: &one {a: 1, b: 2}\ntwo: {<<: *one, b: 3}\n")
    assert read_yaml(tmp_path / "some.yaml")["two"] == {"a": 1, "b": 3}


@pytest.mark.parametrize("text", ["", "just words\n", "- 1\n- 2\n"])
def test_yaml_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(EarwitnessError, match=r"params\.yaml: the file: "):
        load_whole(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("corpus", "min_seconds", -1, r"corpus\.min_seconds"),
        ("corpus", "unreadable", "shrug", r"corpus\.unreadable"),
        ("corpus", "min_seconds", float("nan"), r"corpus\.min_seconds: Input should be a finite number"),
        ("corpus", "min_seconds", 1e6, r"corpus: .*min_seconds is more than max_seconds"),
        ("compute", "workers", -2, r"compute\.workers"),
        ("evaluation", "primary_attacks", ["loss/transcript/given/0"] * 2, r"primary_attacks: .*names 'loss/.*' twice"),
        ("corpus", "typo", 1, r"corpus\.typo: Extra inputs are not permitted"),
        ("blind_baseline", "tolerance", 0.4, r"blind_baseline\.tolerance"),
        (
            "audits",
            "x",
            AUDIT | {"corpus": "none_such"},
            r"audits\.x\.corpus: .*none_such",
        ),
        (
            "audits",
            "x",
            AUDIT | {"target": "ghost"},
            r"audits\.x\.target: .*ghost",
        ),
        ("copies", "x", {"base": "x", "train_on": ["none", "none"], "epochs": 1}, r"copies\.x\.base: .*'x'"),
        ("targets", "lab_base", {"model": "m", "revision": "none", "dtype": "float32"}, "'lab_base' is taken"),
    ],
)
def test_a_wrong_value_names_its_key(
    tmp_path: Path, content: dict[str, Any], section: str, key: str, value: Any, message: str
) -> None:
    content[section][key] = value
    with pytest.raises(EarwitnessError, match=message) as error:
        load(tmp_path, content)
    assert "\n" not in str(error.value)


def test_a_seed_that_is_no_number(tmp_path: Path, content: dict[str, Any]) -> None:
    content["seed"] = True
    with pytest.raises(EarwitnessError, match=r"params\.yaml: seed: "):
        load(tmp_path, content)


def test_a_missing_key_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    del content["features"]["families"]
    with pytest.raises(EarwitnessError, match=r"features\.families: Field required"):
        load(tmp_path, content)


@pytest.mark.parametrize(
    ("section", "name", "item", "message"),
    [
        ("corpora", "a b;c", {"split": "matched", "member": "column"}, r"corpora\.a b;c"),
        ("corpora", "../up", {"split": "matched", "member": "column"}, r"corpora\.\.\./up"),
        ("corpora", "none", {"split": "matched", "member": "column"}, r"'none' stands for no corpus"),
        ("copies", "lab_base", {"base": "lab", "train_on": ["lab_leaky", "none"], "epochs": 1}, "is taken"),
        ("copies", "x", {"base": "lab", "train_on": ["none", "none"], "epochs": 1}, r"copies\.x\.train_on"),
        ("copies", "x", {"base": "lab", "train_on": ["lab_leaky"], "epochs": 1}, r"copies\.x\.train_on"),
        ("audits", "x", {"corpus": "lab_leaky", "target": "lab", "reference": "lab"}, "is the target itself"),
    ],
)
def test_names_that_cannot_be_used(
    tmp_path: Path, content: dict[str, Any], section: str, name: str, item: dict[str, Any], message: str
) -> None:
    content[section][name] = item
    with pytest.raises(EarwitnessError, match=message):
        load(tmp_path, content)


@pytest.mark.parametrize("place", ["target", "reference"])
@pytest.mark.parametrize("copy", ["lab_listener", "further"])
def test_a_copy_that_was_taught_with_all_labelled_clips_tells_nothing_of_membership(
    tmp_path: Path, content: dict[str, Any], place: str, copy: str
) -> None:
    content["copies"]["further"] = {"base": "lab_listener", "train_on": ["lab_trained", "none"], "epochs": 1}
    content["attribute_leakage"]["audits"]["x"] = {"corpus": "lab_voices", "target": copy}
    load(tmp_path, content)
    content["audits"]["x"] = AUDIT | {place: copy}
    with pytest.raises(EarwitnessError, match=rf"audits\.x\.{place}: '{copy}' is taught"):
        load(tmp_path, content)


@pytest.mark.parametrize(
    ("key", "value"), [("orders", [1.0]), ("orders", [0.0]), ("slices", ["audio"]), ("slices", ["transcript"] * 2)]
)
def test_statistics_that_later_stages_would_miss(tmp_path: Path, content: dict[str, Any], key: str, value: Any) -> None:
    content["logits"][key] = value
    with pytest.raises(EarwitnessError, match=rf"logits\.{key}|evaluation\.primary_attacks.* is not computed"):
        load(tmp_path, content)


def test_two_lab_corpora_cannot_have_one_share(tmp_path: Path, content: dict[str, Any]) -> None:
    content["lab_speech"]["corpora"]["lab_control"]["share"] = content["lab_speech"]["corpora"]["lab_pool"]["share"]
    with pytest.raises(EarwitnessError, match=r"lab_speech\.corpora\.lab_\w+\.share: 0 is that of lab_\w+: choose"):
        load(tmp_path, content)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (("targets", "own"), "revision"),
        (("fidelity_detector",), "embedder"),
        (("fidelity_detector",), "embedder_revision"),
        (("perturbation",), "pairing_codec"),
    ],
)
def test_null_stands_for_none(tmp_path: Path, content: dict[str, Any], place: tuple[str, ...], key: str) -> None:
    content["targets"] = {"own": {"model": "models/own", "revision": "none", "dtype": "float32"}}
    said = load(tmp_path, content)
    section = content
    for name in place:
        section = section[name]
    section[key] = None
    assert load(tmp_path, content) == said


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("audits.trained.reference", None),
        ("attribute_leakage.judge", None),
        ("copies.lab.train_on", ["lab_trained", None]),
        ("backdoor.experiments.gender_click.train_on", ["lab_trained", None]),
    ],
)
def test_null_is_refused_where_dvc_puts_the_name_into_a_path(
    tmp_path: Path, content: dict[str, Any], place: str, value: Any
) -> None:
    *sections, key = place.split(".")
    section = content
    for name in sections:
        section = section[name]
    section[key] = value
    wrong = rf"params\.yaml: {place}.*: null cannot stand here, because DVC puts this name into a path: write none"
    with pytest.raises(EarwitnessError, match=wrong) as error:
        load(tmp_path, content)
    assert "\n" not in str(error.value)


def test_texts_that_older_yaml_takes_for_booleans_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text("options: [yes, no, on, off, y, N]\nflags: [true, False]\n")
    assert read_yaml(tmp_path / "some.yaml") == {
        "options": ["yes", "no", "on", "off", "y", "N"],
        "flags": [True, False],
    }
