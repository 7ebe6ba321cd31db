"""A closed model behind a real HTTP server: what it tells, and what becomes of every failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import torch
import yaml

from stages.core.config.nouns import TargetModel
from stages.core.config.shared import SLICES
from stages.core.errors import EarwitnessError
from stages.core.schemas.failures import OWN_ONLY
from stages.core.store.jsonfile import read_json
from stages.models.adapter import TRANSCRIBE, Adapter, Query
from stages.models.audibility import audio_effect, is_audible
from stages.models.families.endpoint import EndpointAdapter
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.hashing import named_hash
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.places import find
from stages.models.served.client import Client
from stages.models.served.words import KEY
from stages.target.__main__ import work
from tests.params import load_whole
from tests.stages.models.serving import Serving

MakeQuery = Callable[..., Query]


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> Adapter:
    return load_checkpoint(checkpoint.as_posix(), LoadOptions())


@pytest.fixture(params=[True, False], ids=["scores prompts", "own answers"])
def served(model: Qwen2AudioAdapter, request: pytest.FixtureRequest) -> Iterator[Serving]:
    serving = Serving(model, request.param)
    yield serving
    serving.close()


@pytest.fixture
def scoring(model: Qwen2AudioAdapter) -> Iterator[Serving]:
    serving = Serving(model, scores_prompts=True)
    yield serving
    serving.close()


@pytest.fixture
def rows(make_query: MakeQuery) -> list[Query]:
    return [make_query(0.5 + 0.5 * at, text, seed=at) for at, text in enumerate(["Anna.", "Grüße!", "", "Tom saw it."])]


def hurried(serving: Serving, timeout: float = 60.0) -> EndpointAdapter:
    return EndpointAdapter(Client(serving.address, timeout, tries=3, pause=0.01), "small")


def asking(query: Query, text: str, instruction: str = TRANSCRIBE) -> Query:
    return Query(query.samples, query.audio_hash, instruction, text)


def unused(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    raise AssertionError("there are no logits")


def of_own(adapter: Qwen2AudioAdapter, query: Query) -> dict[str, torch.Tensor]:
    """Return the statistics of a text's tokens, without the one that ends it, from the model itself."""
    row = adapter.forced([query], ["transcript"])[0]
    logprobs, ids = torch.log_softmax(row.logits["transcript"][:-1], -1), row.token_ids["transcript"][:-1]
    own, best = logprobs.gather(1, ids[:, None]), logprobs.topk(2).values
    rank = 1 + (logprobs > own).sum(1).float()
    return {"logprob": own[:, 0], "rank": rank, "gap": best[:, 0] - best[:, 1], "hit": (rank == 1).float()}


def test_given_texts_are_scored_where_prompts_are(scoring: Serving, rows: list[Query]) -> None:
    endpoint = load_checkpoint(f"{scoring.address}#small", LoadOptions())
    assert endpoint.forces
    for query, row in zip(rows, endpoint.reduced(rows, SLICES, unused), strict=True):
        wanted = of_own(scoring.adapter, query)
        assert row.failure is None
        assert set(row.statistics["transcript"]) == endpoint.statistics == set(wanted)
        for name, values in wanted.items():
            assert torch.allclose(row.statistics["transcript"][name], values, atol=1e-4), name
        assert len(row.token_ids["audio"]) == len(row.token_ids["instruction"]) == 0


def test_own_answers_are_scored_everywhere(served: Serving, rows: list[Query]) -> None:
    endpoint = load_checkpoint(f"{served.address}#small", LoadOptions())
    assert endpoint.forces == served.scores_prompts
    texts = endpoint.generate(rows, 5)
    assert texts == served.adapter.generate(rows, 5)
    asked = [
        Query(query.samples, query.audio_hash, query.instruction, text) for query, text in zip(rows, texts, strict=True)
    ]
    for query, row in zip(asked, endpoint.reduced(asked, ["transcript"], unused), strict=True):
        wanted = of_own(served.adapter, query)
        assert torch.allclose(row.statistics["transcript"]["logprob"], wanted["logprob"], atol=1e-4)
        assert torch.allclose(row.statistics["transcript"]["gap"], wanted["gap"], atol=1e-4)
        assert torch.equal(row.statistics["transcript"]["hit"], wanted["hit"])


def test_a_text_that_cannot_be_scored_keeps_its_row_and_says_why(model: Qwen2AudioAdapter, rows: list[Query]) -> None:
    serving = Serving(model, scores_prompts=False)
    endpoint = hurried(serving)
    endpoint.generate(rows, 3)
    found = endpoint.reduced(rows, ["transcript"], unused)
    serving.close()
    assert [row.failure for row in found] == [OWN_ONLY] * 4
    assert all(len(row.token_ids["transcript"]) == 0 for row in found)


def test_audio_reaches_an_endpoint(served: Serving) -> None:
    assert is_audible(audio_effect(hurried(served), 7), 0.001)


@pytest.mark.parametrize("fault", ["429/0", "500", "503", "garbage", "nothing", "closed"])
def test_a_passing_failure_costs_no_row(scoring: Serving, rows: list[Query], fault: str) -> None:
    endpoint = hurried(scoring, timeout=4.0 if fault == "nothing" else 60.0)
    wanted = endpoint.reduced(rows, ["transcript"], unused)
    scoring.faults.extend([fault, fault])
    for row, other in zip(endpoint.reduced(rows, ["transcript"], unused), wanted, strict=True):
        assert row.failure is None
        assert torch.equal(row.statistics["transcript"]["logprob"], other.statistics["transcript"]["logprob"])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("429/0", "answers status 429, 3 times"),
        ("500", "answers status 500, 3 times"),
        ("nothing", r"gives no answer \(timed out\), 3 times"),
        ("closed", r"gives no answer \(.*\), 3 times"),
        ("401", f"refuses the key: set {KEY}"),
        ("404", "knows no such path or model"),
    ],
)
def test_a_lasting_failure_stops_in_one_line(scoring: Serving, rows: list[Query], fault: str, message: str) -> None:
    endpoint = hurried(scoring)
    endpoint._client = replace(endpoint._client, timeout=0.2)
    scoring.faults.extend([fault] * 20)
    with pytest.raises(EarwitnessError, match=message) as raised:
        endpoint.reduced(rows[:1], ["transcript"], unused)
    assert "\n" not in str(raised.value)


def test_lasting_garbage_is_recorded_on_its_row(scoring: Serving, rows: list[Query]) -> None:
    endpoint = hurried(scoring)
    scoring.faults.extend(["garbage"] * 3)
    assert (
        endpoint.reduced(rows[:1], ["transcript"], unused)[0].failure == "answers what is not JSON (it works!) 3 times"
    )
    scoring.faults.extend(["garbage"] * 3)
    assert endpoint.generate(rows[:1], 5) == [""]


def test_a_refused_question_is_recorded_and_the_others_go_on(served: Serving, rows: list[Query]) -> None:
    endpoint = hurried(served)
    served.refuses = "Forbidden."
    texts = endpoint.generate([asking(rows[0], "", "Forbidden."), rows[1]], 5)
    assert texts[0] == ""
    assert texts[1]
    asked = [asking(rows[0], "a", "Forbidden."), asking(rows[1], texts[1])]
    first, second = endpoint.reduced(asked, ["transcript"], unused)
    assert first.failure == "answers status 400"
    assert second.failure is None
    assert len(second.token_ids["transcript"]) > 0


@pytest.mark.parametrize("stated", ["0.4", "date"])
def test_a_stated_pause_is_kept(scoring: Serving, rows: list[Query], stated: str) -> None:
    endpoint = hurried(scoring)
    at = datetime.now(UTC) + timedelta(seconds=2)  # a date has whole seconds: one at least is left of them
    scoring.faults.append(f"429/{format_datetime(at, usegmt=True) if stated == 'date' else stated}")
    started = time.monotonic()
    endpoint.generate(rows[:1], 1)
    assert time.monotonic() - started >= (0.9 if stated == "date" else 0.4)


def test_a_stated_pause_that_is_too_long_stops_at_once(scoring: Serving, rows: list[Query]) -> None:
    endpoint = hurried(scoring)
    scoring.faults.append("429/7200")
    with pytest.raises(EarwitnessError, match="asks for a pause of 7200 s: run again after it; what it answered is"):
        endpoint.generate(rows[:1], 1)
    assert len(scoring.keys) == 2  # what it was asked on taking it up, and this


def test_a_refused_own_answer_is_not_taken_for_an_empty_one(scoring: Serving, rows: list[Query]) -> None:
    endpoint = hurried(scoring)
    scoring.refuses = "Forbidden."
    asked = asking(rows[0], "", "Forbidden.")
    assert endpoint.generate([asked], 5) == [""]
    assert endpoint.reduced([asked], ["transcript"], unused)[0].failure == "answers status 400"


def test_a_prompt_scored_but_for_its_transcript_says_so(scoring: Serving, rows: list[Query]) -> None:
    endpoint = hurried(scoring)
    scoring.shortens = True
    assert endpoint.reduced(rows[:1], ["transcript"], unused)[0].failure.startswith(
        "scores a prompt without its transcript"
    )


def test_a_row_alone_is_as_among_sixteen(served: Serving, make_query: MakeQuery) -> None:
    queries = [make_query(0.3 + 0.2 * at, "ab " * at, seed=at) for at in range(16)]
    texts = hurried(served).generate(queries, 4)
    together, alone = hurried(served), hurried(served)
    if not together.forces:
        queries = [asking(query, text) for query, text in zip(queries, texts, strict=True)]
        assert together.generate(queries, 4) == texts
    for query, text, row in zip(queries, texts, together.reduced(queries, ["transcript"], unused), strict=True):
        assert alone.generate([query], 4) == [text]
        other = alone.reduced([query], ["transcript"], unused)[0]
        assert row.failure == other.failure is None
        assert torch.equal(row.token_ids["transcript"], other.token_ids["transcript"])
        one, two = row.statistics["transcript"]["logprob"], other.statistics["transcript"]["logprob"]
        assert torch.allclose(one, two, atol=1e-4)


def test_the_key_comes_from_the_environment(
    scoring: Serving, rows: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    endpoint = hurried(scoring)
    monkeypatch.setenv(KEY, "secret")
    endpoint.generate(rows[:1], 1)
    assert scoring.keys == [None, "Bearer secret"]


def test_what_a_closed_model_cannot_do_is_one_line(scoring: Serving, rows: list[Query], tmp_path: Path) -> None:
    endpoint = hurried(scoring)
    for refused, message in (
        (lambda: endpoint.forced(rows, SLICES), "gives no logits"),
        (lambda: endpoint.loss(rows), "cannot be trained"),
        (lambda: endpoint.save(tmp_path), "cannot be saved"),
    ):
        with pytest.raises(EarwitnessError, match=message):
            refused()


@pytest.mark.parametrize("model", ["http://host/v1", "https://key@host/v1#name", "http://host/v1#"])
def test_an_address_that_names_no_model_or_holds_a_key_is_refused(model: str) -> None:
    with pytest.raises(EarwitnessError, match=r"targets\.mine\.model: .* is no endpoint"):
        find("mine", TargetModel(model=model, revision="none", dtype="float32"))


def test_the_stage_records_an_endpoint(
    scoring: Serving, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load((repository / "params.yaml").read_text())
    content["targets"]["closed"] = {"model": f"{scoring.address}#small", "revision": "2026-11", "dtype": "float32"}
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    work("closed", load_whole())
    record = read_json(Path("data/target/closed/target.json"))
    assert record["audible"] is True
    assert record["architecture"] == "endpoint"
    assert record["model"] == f"{scoring.address}#small"
    assert (record["parameters"], record["dtype"], record["attention"]) == (0, "unstated", "unstated")
    assert record["weight_hash"] == named_hash(f"{scoring.address}#small", "2026-11")


def test_another_version_is_another_target() -> None:
    assert named_hash("http://host/v1#name", "2026-11") != named_hash("http://host/v1#name", "2026-12")


def test_a_key_that_no_header_holds_is_refused_without_being_told(
    scoring: Serving, rows: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = hurried(scoring)
    monkeypatch.setenv(KEY, "se\ncret")
    with pytest.raises(EarwitnessError, match=f"^{KEY}: holds characters that no key has") as raised:
        endpoint.generate(rows[:1], 1)
    assert "cret" not in str(raised.value)
    monkeypatch.setenv(KEY, "secret\n")
    endpoint.generate(rows[:1], 1)
    assert scoring.keys[-1] == "Bearer secret"
