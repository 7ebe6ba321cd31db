"""A served model that is asked by batches: the same rows, batches that outlive a run, and questions that fail."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from stages.core.config.nouns import TargetModel
from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table
from stages.logits.__main__ import work as logits
from stages.models.adapter import Query
from stages.models.families.endpoint import EndpointAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.places import find
from stages.models.served import batches
from stages.models.served.batches import BatchClient
from stages.models.served.client import Client
from stages.target.__main__ import work as target
from tests.params import load_whole, own_params
from tests.stages.models.batch_server import BatchServer
from tests.stages.models.odd_server import TEXT, Json, Reply, plain, scoring
from tests.stages.models.test_closed_audit import AUDIT, CLIPS, CORPUS, TARGET, write_corpus

WORDS = ["two words", "one", "and three words"]
FORBIDDEN = "no answer"


def answering(question: Json) -> Reply:
    if question["messages"][-1]["content"] == FORBIDDEN:
        return 400, json.dumps({"error": {"message": "Not this."}})
    return 200, json.dumps(scoring(question))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.chdir(tmp_path)
    serving = BatchServer(answering)
    yield serving
    serving.close()


def batched(server: BatchServer, tries: int = 2) -> EndpointAdapter:
    return EndpointAdapter(BatchClient(Client(server.address, tries=tries, pause=0.001), "m\n1", poll=0.001), "m")


def query(text: str = "", instruction: str = "Transcribe.") -> Query:
    return Query(torch.zeros(1600).numpy(), "zeros", instruction, text)


def unused(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    raise AssertionError("there are no logits")


def scores(adapter: EndpointAdapter, texts: list[str]) -> list[list[float] | str]:
    """Score given texts as `logits` does: ahead, and then for good."""

    def run() -> list[list[float] | str]:
        rows = adapter.reduced([query(text) for text in texts], ["transcript"], unused)
        return [row.failure or row.statistics["transcript"]["logprob"].tolist() for row in rows]

    adapter.ahead(run)
    return run()


def test_rows_by_batches_are_those_of_single_questions(server: BatchServer) -> None:
    wanted = scores(EndpointAdapter(Client(server.address), "m"), WORDS)
    server.direct = 0
    found = scores(batched(server), WORDS)
    assert found == wanted
    assert server.direct == 1  # what it scores at all
    assert [len(questions) for questions in server.questions] == [len(WORDS) + 1]  # one prefix
    assert server.files == {}  # questions and answers are deleted at the endpoint


def test_answers_are_followed_by_their_scores(server: BatchServer) -> None:
    adapter = batched(server)

    def run() -> list[torch.Tensor]:
        texts, rows = adapter.answered([query()], ["transcript"], unused, 8)
        return [row.statistics["transcript"]["logprob"] for row in rows if texts == [TEXT]]

    adapter.ahead(run)
    assert [len(values) for values in run()] == [5]
    assert [len(questions) for questions in server.questions] == [1, 2]
    assert server.direct == 1


def test_a_run_that_was_stopped_goes_on_with_its_batch(server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = scores(EndpointAdapter(Client(server.address), "m"), WORDS)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(batches.time, "sleep", stop)
        with pytest.raises(KeyboardInterrupt):
            scores(batched(server), WORDS)
    assert len(server.questions) == 1
    assert scores(batched(server), WORDS) == wanted
    assert len(server.questions) == 1
    assert scores(batched(server), [*WORDS, "more"])[:3] == wanted  # kept: the next run asks only what is new
    assert [len(questions) for questions in server.questions] == [len(WORDS) + 1, 1]


def test_a_run_that_was_stopped_before_it_knew_the_id_finds_its_batch(server: BatchServer) -> None:
    server.loses_ids = True
    with pytest.raises(EarwitnessError, match="gives no answer"):
        scores(batched(server, tries=1), WORDS)
    server.loses_ids = False
    assert all(isinstance(row, list) for row in scores(batched(server), WORDS))
    assert len(server.made) == 1


def test_a_question_that_fails_is_recorded_on_its_row_and_asked_again_by_the_next_run(server: BatchServer) -> None:
    adapter = batched(server)
    first = scores(adapter, ["two words", FORBIDDEN])
    assert first[1] == "answers status 400 (Not this.)"
    assert isinstance(first[0], list)
    assert scores(adapter, [FORBIDDEN]) == ["answers status 400 (Not this.)"]
    assert len(server.questions) == 1
    scores(batched(server), [FORBIDDEN])
    assert [len(questions) for questions in server.questions] == [3, 1]


def test_what_a_batch_has_no_time_for_is_recorded(server: BatchServer) -> None:
    server.ends_as = "expired"
    found = scores(batched(server), WORDS)
    assert "does not answer in a batch (Too late.)" in found
    server.ends_as = "completed"
    assert all(isinstance(row, list) for row in scores(batched(server), WORDS))


def test_a_batch_that_fails_is_one_line_and_asked_again(server: BatchServer) -> None:
    server.ends_as = "failed"
    with pytest.raises(EarwitnessError, match=r"ends as failed \(The file is too large\.\): run again") as raised:
        scores(batched(server), WORDS)
    assert "\n" not in str(raised.value)
    server.ends_as = "completed"
    assert all(isinstance(row, list) for row in scores(batched(server), WORDS))


@pytest.mark.parametrize("path", ["/v1/files", "/v1/batches"])
def test_a_batch_api_that_refuses_stops_the_run_in_one_line(server: BatchServer, path: str) -> None:
    server.refuses = path
    with pytest.raises(EarwitnessError, match=r"its batch API answers status 400 \(Not here\.\): run again"):
        scores(batched(server), WORDS)
    server.refuses = ""
    assert all(isinstance(row, list) for row in scores(batched(server), WORDS))


def test_a_full_batch_that_is_refused_stops_the_run_too(server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_QUESTIONS", 2)
    server.refuses = "/v1/files"
    with pytest.raises(EarwitnessError, match="its batch API answers status 400"):
        scores(batched(server), WORDS)


def test_answers_that_are_cut_off_are_one_line(server: BatchServer) -> None:
    server.damages = True
    with pytest.raises(EarwitnessError, match=r"jsonl: line \d is no answer of a batch \(.*\): delete the file"):
        scores(batched(server), WORDS)


def test_many_questions_are_divided(server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_QUESTIONS", 2)
    assert all(isinstance(row, list) for row in scores(batched(server), WORDS))
    assert sorted(len(questions) for questions in server.questions) == [2, 2]


def test_a_key_of_params_asks_by_batches(server: BatchServer) -> None:
    server.reply = lambda question: (200, json.dumps(plain(question)))
    stated = TargetModel(model=f"{server.address}#m", revision="1", dtype="float32", requests="batch")
    adapter = load_checkpoint(find("closed", stated).source, LoadOptions(requests=stated.requests))
    assert adapter.generate([replace(query(), instruction="Ask now.")], 8) == [TEXT]  # directly: nothing was announced
    assert server.questions == []
    adapter.ahead(lambda: adapter.generate([query()], 8))
    assert len(server.questions) == 1


def test_a_local_model_takes_no_batches(tmp_path: Path) -> None:
    local = TargetModel(model=tmp_path.as_posix(), revision="none", dtype="float32", requests="batch")
    with pytest.raises(EarwitnessError, match=r"targets\.mine\.requests: only a served model is asked by batches"):
        find("mine", local)


def test_an_audit_by_batches_has_the_same_tables(server: BatchServer) -> None:
    server.reply = lambda question: (200, json.dumps(plain(question)))
    write_corpus()
    tables = []
    for requests in ("direct", "batch"):
        targets = {TARGET: {"model": f"{server.address}#m", "revision": "1", "dtype": "float32", "requests": requests}}
        content = own_params(
            {CORPUS: "column"},
            targets=targets,
            audits={AUDIT: {"corpus": CORPUS, "target": TARGET, "reference": "none"}},
            logits={"conditions": ["given", "generated"], "probes": ["word_error"], "batch_size": 4},
        )
        Path("params.yaml").write_text(yaml.safe_dump(content))
        shutil.rmtree(".cache", ignore_errors=True)
        params = load_whole()
        target(TARGET, params)
        server.direct = 0
        logits(AUDIT, params)
        names = ("tokens", "probes")
        tables.append([repr(read_table(artifact("logits", AUDIT, f"{name}.parquet")).to_pylist()) for name in names])
    assert tables[0] == tables[1]
    assert server.direct <= 2 * 2  # what it scores, asked by each of two loads
    assert [len(questions) for questions in server.questions] == [CLIPS * 2, CLIPS]
