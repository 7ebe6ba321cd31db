"""A fragment is merged into params.yaml, or the params stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import modify_yaml

from flows.fragments import add_fragment
from stages.core.errors import EarwitnessError
from tests.params import load_whole

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("fragment", "key"), [("backdoors", "backdoor.experiments.grid_lab"), ("modality", "audits.texts")]
)
def test_what_the_docs_offer_fits_and_only_adds(fragment: str, key: str, params: Path) -> None:
    before = params.read_text(encoding="utf-8").splitlines()
    assert key in add_fragment(ROOT / f"docs/{fragment}.yaml", params)
    after = params.read_text(encoding="utf-8").splitlines()
    comments = [line.partition("#")[2] for line in before if "#" in line]
    assert [line.partition("#")[2] for line in after if "#" in line] == comments
    assert len(set(before) - set(after)) <= 2  # lines of a mapping that was written in one line and has more now
    load_whole(params)
    assert add_fragment(ROOT / f"docs/{fragment}.yaml", params) == []


def test_a_value_that_is_there_is_never_changed(params: Path, tmp_path: Path) -> None:
    before = params.read_bytes()
    (tmp_path / "more.yaml").write_text("backdoor: {batch_size: 16}", encoding="utf-8")
    with pytest.raises(EarwitnessError, match=r"backdoor\.batch_size: is 4, but the fragment has 16: make them equal"):
        add_fragment(tmp_path / "more.yaml", params)
    assert params.read_bytes() == before


def test_what_would_not_be_valid_is_not_written(params: Path, tmp_path: Path) -> None:
    before = params.read_bytes()
    (tmp_path / "more.yaml").write_text("copies: {other: {base: nobody, train_on: [lab_trained, none], epochs: 1}}")
    with pytest.raises(EarwitnessError, match=r"more\.yaml: does not fit .*params\.yaml: copies\.other\.base: unknown"):
        add_fragment(tmp_path / "more.yaml", params)
    assert params.read_bytes() == before


def test_a_trigger_that_nothing_makes_is_not_written(params: Path, tmp_path: Path) -> None:
    before = params.read_bytes()
    (tmp_path / "more.yaml").write_text("backdoor: {scan: {bank: {odd: {kind: clik}}}}")
    wrong = r"more\.yaml: does not fit .*params\.yaml: backdoor\.scan\.bank\.odd\.kind: unknown trigger 'clik'"
    with pytest.raises(EarwitnessError, match=wrong):
        add_fragment(tmp_path / "more.yaml", params)
    assert params.read_bytes() == before


def test_a_fragment_that_is_no_mapping_is_refused(params: Path, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("- backdoor", encoding="utf-8")
    with pytest.raises(EarwitnessError, match=r"more\.yaml: holds no sections"):
        add_fragment(tmp_path / "more.yaml", params)


def rewritten(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the params before and after `dvc exp run -S seed=8` has rewritten them."""
    before = yaml.safe_load(path.read_text(encoding="utf-8"))
    apply_overrides(path, ["seed=8"])
    return before, yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("fragment", [None, "backdoors", "modality"])
def test_params_survive_being_rewritten_by_dvc(fragment: str | None, params: Path) -> None:
    if fragment:
        add_fragment(ROOT / f"docs/{fragment}.yaml", params)
    before, after = rewritten(params)
    assert after == before | {"seed": 8}
    assert load_whole(params).seed == 8


@pytest.mark.parametrize("fragment", ["backdoors", "modality"])
def test_fragments_survive_being_rewritten_by_dvc(fragment: str, tmp_path: Path) -> None:
    path = tmp_path / "fragment.yaml"
    path.write_text((ROOT / f"docs/{fragment}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    before = yaml.safe_load(path.read_text(encoding="utf-8"))
    with modify_yaml(path):
        pass
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == before


QUESTION = "Where, roughly: is the speaker's home?"


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ({"attributes": {"accent": {"question": QUESTION, "options": ["north, or west", "south"]}}}, "accent"),
        ({"attributes": {"gender": {"synonyms": {"female": ["she/her?", "'f'", "{w}", "1e3"]}}}}, "gender"),
    ],
)
def test_text_with_punctuation_survives_too(section: dict[str, Any], name: str, params: Path, tmp_path: Path) -> None:
    in_braces = "    gender: {question: Which one, options: [female, male]}\n"
    text = params.read_text(encoding="utf-8")
    block = "    gender:\n      question: What is the speaker's gender?\n      options: [female, male]\n"
    assert block in text
    params.write_text(text.replace(block, in_braces), encoding="utf-8")
    (tmp_path / "more.yaml").write_text(yaml.safe_dump({"attribute_leakage": section}), encoding="utf-8")
    add_fragment(tmp_path / "more.yaml", params)
    before, after = rewritten(params)
    assert after == before | {"seed": 8}
    found = load_whole(params).attribute_leakage.attributes[name].model_dump()
    assert found.items() >= section["attributes"][name].items()


def test_what_comes_with_the_tool_is_found_from_any_project(params: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(params.parent)
    assert "audits.texts" in add_fragment(Path("docs/modality.yaml"), params)
    with pytest.raises(EarwitnessError, match=r"^docs/nothing\.yaml: not found"):
        add_fragment(Path("docs", "nothing.yaml"), params)
