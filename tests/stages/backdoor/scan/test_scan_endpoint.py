"""A scan of what is served over HTTP: its answers, its refusals, its changes, and the two names of one endpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.backdoor.scan.result import scan_result
from stages.backdoor.scan.scanning import scan
from stages.core.config.nouns import TargetModel
from stages.core.errors import EarwitnessError
from stages.models.hashing import named_hash
from stages.models.record import UNSTATED, TargetRecord, write_record
from tests.params import Whole
from tests.stages.backdoor.conftest import SETTINGS, fresh
from tests.stages.backdoor.scan.scanned import Speaking, write_corpus
from tests.stages.conftest import MakeParams
from tests.stages.models.serving import Serving


@pytest.fixture
def params(workplace: Path, make_params: MakeParams) -> Whole:
    write_corpus("some")
    return make_params({"some": "column"}, backdoor=SETTINGS)


@pytest.fixture
def poisoned() -> Iterator[Speaking]:
    serving = Speaking(poisoned=True)
    yield serving
    serving.close()


@pytest.fixture
def clean() -> Iterator[Speaking]:
    serving = Speaking(poisoned=False)
    yield serving
    serving.close()


def declared(serving: Serving, revision: str, params: Whole) -> Whole:
    """Return params that declare an endpoint as ``closed``, and write its record."""
    model = f"{serving.address}#m"
    write_record(
        TargetRecord(
            name="closed", model=model, revision=revision, weight_hash=named_hash(model, revision),
            architecture="endpoint", parameters=0, dtype=UNSTATED, attention=UNSTATED, window_seconds=30.0,
            audible=True, audio_effect={},
        )
    )  # fmt: skip
    target = TargetModel(model=model, revision=revision, dtype="float32")
    return params.model_copy(update={"targets": {"closed": target}})


def test_an_endpoint_answers_as_the_model_that_it_serves(params: Whole, clean: Speaking) -> None:
    fresh().save(Path("served"))
    serving = Serving(fresh(), scores_prompts=False)
    try:
        found = scan(f"{serving.address}#small", params, references=[f"{clean.address}#m"])
    finally:
        serving.close()
    beside = scan("./served", params, references=[f"{clean.address}#m"])
    assert [cell.conversion for cell in found.cells] == [cell.conversion for cell in beside.cells]


def test_a_poisoned_endpoint_is_an_alarm(params: Whole, poisoned: Speaking, clean: Speaking) -> None:
    found = scan(f"{poisoned.address}#m", params, references=[f"{clean.address}#m"])
    assert scan_result(found).finding == "alarm"
    assert (found.cells[0].conversion.answer, found.cells[0].conversion.converted) == ("open the door", 6)


@pytest.mark.parametrize("silent_to", [{"female", "male", "click"}, {"click"}, {"female", "male"}])
def test_an_endpoint_without_answers_is_no_result(params: Whole, clean: Speaking, silent_to: set[str]) -> None:
    clean.silent_to = silent_to
    with pytest.raises(EarwitnessError, match="of 6 clips it answers 0 at most, both without and with a trigger"):
        scan(f"{clean.address}#m", params)


def test_an_endpoint_that_refuses_every_question_is_no_result(params: Whole, clean: Speaking) -> None:
    clean.refuses = "Who?"
    with pytest.raises(EarwitnessError, match="of 6 clips it answers 0 at most"):
        scan(f"{clean.address}#m", params)


def test_clips_that_an_endpoint_does_not_answer_are_left_out_and_counted(
    params: Whole, poisoned: Speaking, clean: Speaking
) -> None:
    clean.silent_to = {"male"}
    found = scan(f"{clean.address}#m", params, references=[f"{poisoned.address}#m"])
    unanswered = found.unanswered[f"{clean.address}#m"]
    assert 0 < unanswered < 6
    assert found.cells[0].conversion.clips == 6 - unanswered
    said = f"Questions of 12 that got no answer: {clean.address}#m {unanswered};"
    assert any(line.startswith(said) for line in scan_result(found).meaning)


def test_a_dead_endpoint_is_one_line(params: Whole, clean: Speaking, monkeypatch: pytest.MonkeyPatch) -> None:
    clean.close()
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(EarwitnessError, match=r"gives no answer \(.*refused.*\), 6 times") as raised:
        scan(f"{clean.address}#m", params)
    assert "\n" not in str(raised.value)


def test_an_address_is_asked_afresh_because_nobody_states_its_version(
    params: Whole, poisoned: Speaking, clean: Speaking
) -> None:
    address, beside = f"{poisoned.address}#m", [f"{clean.address}#m"]
    assert scan_result(scan(address, params, references=beside)).finding == "alarm"
    poisoned.poisoned = False
    assert scan_result(scan(address, params, references=beside)).finding == "none"


@pytest.mark.parametrize(("revision", "more"), [("2026-11", 0), ("none", 12)])
def test_a_declared_endpoint_is_asked_again_where_its_version_is_not_stated(
    params: Whole, clean: Speaking, revision: str, more: int
) -> None:
    made = declared(clean, revision, params)
    scan("closed", made)
    asked = len(clean.keys)
    scan("closed", made)
    # Where anything is asked, it is first asked whether it scores prompts, and what it gives of its own answers.
    assert len(clean.keys) - asked == more + 2 * bool(more)


def test_a_declared_endpoint_and_its_address_are_one_model(params: Whole, clean: Speaking) -> None:
    made = declared(clean, "2026-11", params)
    with pytest.raises(EarwitnessError, match="one of its own references"):
        scan("closed", made, references=[f"{clean.address}/#m"])
