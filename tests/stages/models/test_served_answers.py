"""Malformed answers of a served model: each ends in one line that names the field, or in a row that says why."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from stages.core.errors import EarwitnessError
from stages.core.run.stage import run_stage
from stages.core.schemas.failures import NO_LOGPROBS
from stages.core.store.jsonfile import read_json
from stages.models.adapter import Query
from stages.models.families import endpoint
from stages.models.families.endpoint import EndpointAdapter
from stages.models.served import client
from stages.models.served.client import Client
from stages.models.served.fields import Refused
from stages.models.served.words import KEY, LONGEST_WORDS, server_words
from stages.target.__main__ import work
from stages.target.params import TargetParams
from tests.params import own_params
from tests.stages.models.odd_server import PROMPT, TEXT, Endless, Json, OddServer, Reply, plain, scoring, token

Change = Callable[[Json], object]
"""Changes an answer in place, or returns what is sent instead of it."""
Odd = Callable[[Callable[[Json], Reply]], OddServer]


@pytest.fixture
def odd() -> Iterator[Odd]:
    """Make endpoints that end with the test."""
    made: list[OddServer] = []

    def make(reply: Callable[[Json], Reply]) -> OddServer:
        made.append(OddServer(reply))
        return made[-1]

    yield make
    for server in made:
        server.close()


def changed(change: Change, whole: Callable[[Json], Json] = plain) -> Callable[[Json], Reply]:
    """Return a reply with a changed answer; what `change` returns is sent in place of the answer."""

    def reply(question: Json) -> Reply:
        made = whole(question)
        sent = change(made)
        if isinstance(sent, tuple):
            return sent[0], sent[1]
        return 200, sent if isinstance(sent, str) else json.dumps(made if sent is None else sent)

    return reply


def message(**content: Any) -> Change:
    return lambda made: made["choices"][0]["message"].update(content)


def choice(**content: Any) -> Change:
    return lambda made: made["choices"][0].update(content)


def both(*changes: Change) -> Change:
    def change(made: Json) -> None:
        for one in changes:
            one(made)

    return change


def at_token(at: int, **content: Any) -> Change:
    return lambda made: made["choices"][0]["logprobs"]["content"][at].update(content)


def with_token(*names: str) -> Change:
    return lambda made: made["choices"][0]["logprobs"]["content"].extend(token(name, -0.1) for name in names)


def legacy(**content: Any) -> Change:
    names = ["the", " red", " ship", " is", " here"]
    return choice(logprobs={"tokens": names, "token_logprobs": [-0.1] * 5, **content})


def status(code: int, body: object) -> Change:
    return lambda made: (code, body if isinstance(body, str) else json.dumps(body))


CONTENT = r"choices\[0\]\.logprobs\.content"
MALFORMED: dict[str, tuple[Change, str]] = {
    "reasoning in the text": (message(content=f"<think>hm</think>{TEXT}"), f"{CONTENT} whose tokens spell another"),
    "reasoning in the tokens": (with_token(" so", " it", " is"), f"{CONTENT} whose tokens spell another text"),
    "reasoning alone": (message(content=None, reasoning_content="hm"), r"message\.reasoning_content in place of a"),
    "tokens twice": (
        lambda made: made["choices"][0]["logprobs"]["content"].extend(made["choices"][0]["logprobs"]["content"][:5]),
        f"{CONTENT} whose tokens spell another text",
    ),
    "refusal": (message(content=None, refusal="I can't help."), r"refuses to answer \(I can't help\.\)"),
    "refusal in parts": (message(content=[{"type": "refusal", "refusal": "No."}]), r"refuses to answer \(No\.\)"),
    "filtered": (
        both(message(content=None), choice(finish_reason="content_filter")),
        r"refuses to answer \(choices\[0\]\.finish_reason is content_filter\)",
    ),
    "no choices": (lambda made: made.update(choices=[]), r"gives no choices\[0\]"),
    "choices as an object": (lambda made: made.update(choices={"0": {}}), "gives choices that is no list"),
    "no choices at all": (lambda made: {"id": "1"}, "gives no choices$"),
    "no message": (lambda made: made["choices"][0].pop("message") and None, r"gives no choices\[0\]\.message"),
    "content a number": (message(content=7), r"choices\[0\]\.message\.content that is no text: 7"),
    "parts of another kind": (
        message(content=[{"type": "image_url", "image_url": {}}]),
        r"gives choices\[0\]\.message\.content\[0\] of type 'image_url', not text",
    ),
    "parts without a type": (message(content=[{"text": TEXT}]), r"gives no choices\[0\]\.message\.content\[0\]\.type"),
    "a call of a tool": (
        message(content=None, tool_calls=[{"id": "1"}]),
        r"gives choices\[0\]\.message\.tool_calls in place of a text",
    ),
    "audio tokens as the text": (
        message(content="<|AUDIO|>" * 30),
        r"answers with tokens of sound, not with text \(<\|AUDIO\|>\)",
    ),
    "audio tokens without a text": (
        both(message(content=""), choice(logprobs={"content": [token("<|AUDIO|>", -0.1)] * 3})),
        r"answers with tokens of sound, not with text \(<\|AUDIO\|>\)",
    ),
    "control tokens alone": (message(content="<|im_end|>" * 3), r"control tokens alone, not with text \(<\|im_end"),
    "null logprobs": (choice(logprobs=None), NO_LOGPROBS),
    "no tokens": (choice(logprobs={"content": []}), NO_LOGPROBS),
    "logprobs of a refusal": (choice(logprobs={"content": None, "refusal": []}), NO_LOGPROBS),
    "minus infinity": (at_token(3, logprob=-math.inf), rf"{CONTENT}\[3\]\.logprob that is not finite: -inf"),
    "minus infinity as vLLM writes it": (at_token(3, logprob=-9999.0), rf"{CONTENT}\[3\]\.logprob that is not finite"),
    "no number": (at_token(2, logprob=math.nan), rf"{CONTENT}\[2\]\.logprob that is no number: nan"),
    "null": (at_token(2, logprob=None), rf"gives {CONTENT}\[2\]\.logprob as null"),
    "a number of 400 digits": (at_token(2, logprob=-(10**400)), rf"{CONTENT}\[2\]\.logprob that is not finite: -inf"),
    "another address": (status(307, ""), r"answers status 307"),
    "a text": (at_token(2, logprob="-0.5"), rf"{CONTENT}\[2\]\.logprob that is no number: '-0.5'"),
    "a probability": (at_token(0, logprob=0.93), rf"{CONTENT}\[0\]\.logprob that is above 0 and no log-prob.*: 0\.93"),
    "alternatives as a number": (at_token(1, top_logprobs=5), rf"{CONTENT}\[1\]\.top_logprobs that is no list: 5"),
    "alternatives without numbers": (at_token(1, top_logprobs=[{}]), rf"no {CONTENT}\[1\]\.top_logprobs\[0\]\.logprob"),
    "no bytes": (at_token(1, bytes=[300]), rf"{CONTENT}\[1\]\.bytes that is no bytes: \[300\]"),
    "no token": (at_token(4, token=None), rf"gives {CONTENT}\[4\]\.token as null"),
    "older form, cut": (
        legacy(token_logprobs=[-0.1, -0.2]),
        r"choices\[0\]\.logprobs\.token_logprobs of 2 numbers for 5 tokens",
    ),
    "older form, null": (
        legacy(token_logprobs=[None, -0.1, -0.1, -0.1, -0.1]),
        r"gives choices\[0\]\.logprobs\.token_logprobs\[0\]\.logprob as null",
    ),
    "an error in place of an answer": (
        lambda made: {"error": {"message": "model is broken", "code": 400}},
        r"answers status 400 \(model is broken\)",
    ),
    "an error without a code": (lambda made: {"error": "model is broken"}, r"answers status 400 \(model is broken\)"),
    "a stream": (lambda made: f"data: {json.dumps(made)}\n\ndata: [DONE]\n\n", "answers with a stream of events"),
    "a web page": (lambda made: "<html><title>Hello</title></html>", r"answers what is not JSON \(Hello\) 2 times"),
    "a list": (lambda made: [made], "answers what is no JSON object 2 times"),
    "OpenAI's error": (
        status(400, {"error": {"message": "Audio is not supported.", "type": "invalid_request_error", "code": None}}),
        r"answers status 400 \(Audio is not supported\.\)",
    ),
    "older vLLM's error": (
        status(400, {"object": "error", "message": "At most 0 audio(s) may be provided.", "code": 400}),
        r"answers status 400 \(At most 0 audio\(s\) may be provided\.\)",
    ),
    "FastAPI's error": (
        status(422, {"detail": [{"loc": ["body", "messages", 0], "msg": "Field required", "input": "x" * 999}]}),
        r"answers status 422 \(body\.messages\.0: Field required\)",
    ),
    "a lasting fault": (
        status(503, "<html><body><h1>503</h1>\n<p>No healthy\nupstream</p></body></html>"),
        r"answers status 503 \(503 No healthy upstream\), 2 times: run again when it is back",
    ),
    "a wrong key": (
        status(401, {"error": {"message": "Incorrect API key provided: sk-secret123"}}),
        rf"refuses the key: set {KEY} \(status 401: Incorrect API key provided: \*\*\*\)$",
    ),
    "a wrong name": (
        status(404, {"error": {"message": "The model `m` does not exist."}}),
        r"knows no such path or model \(status 404: The model `m` does not exist\.\)",
    ),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which questions are asked at most twice and without a pause."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY, "sk-secret123")
    monkeypatch.setattr(endpoint, "Client", partial(Client, tries=2, pause=0.001))
    return tmp_path


def target_stage(address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run ``python -m stages.target --target odd`` in this process, and return its exit status."""
    targets = {"odd": {"model": f"{address}#m", "revision": "first", "dtype": "float32"}}
    Path("params.yaml").write_text(yaml.safe_dump(own_params({}, targets=targets)))
    monkeypatch.setattr("sys.argv", ["target", "--target", "odd"])
    try:
        run_stage("target", work, TargetParams, "target")
    except SystemExit as done:
        return int(done.code or 0)
    return 0


@pytest.mark.parametrize(("change", "line"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_answer_is_one_line(
    change: Change,
    line: str,
    odd: Odd,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = odd(changed(change))
    assert target_stage(server.address, monkeypatch) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert re.search(line, told), told
    assert "audio does not reach" not in told
    assert "secret" not in told
    assert not [path for path in here.rglob("*.json") if "lock" not in path.parts]


FITTING: dict[str, Change] = {
    "as OpenAI writes it": lambda made: None,
    "parts": message(content=[{"type": "text", "text": "the red"}, {"type": "output_text", "text": " ship is here"}]),
    "an end token": with_token("<|im_end|>"),
    "an end token without a name": lambda made: made["choices"][0]["logprobs"]["content"].append(
        {"token": "", "logprob": -0.01, "bytes": None}
    ),
    "white space around": message(content=f"\n{TEXT} "),
    "no bytes": lambda made: [place.pop("bytes") for place in made["choices"][0]["logprobs"]["content"]] and None,
    "impossible alternatives": at_token(2, top_logprobs=[{"token": " y", "logprob": -math.inf}]),
    "no alternatives": at_token(2, top_logprobs=None),
}


@pytest.mark.parametrize("change", FITTING.values(), ids=FITTING)
def test_what_servers_write_in_several_ways_is_read(change: Change, odd: Odd) -> None:
    asked = query()
    as_it_is, other = (taken_up(odd(changed(one))) for one in (lambda made: None, change))
    answers = [adapter.generate([asked], 8)[0] for adapter in (as_it_is, other)]
    assert answers[1].strip() == answers[0] == TEXT
    wanted, found = (
        adapter.reduced([replace(asked, text=text)], ["transcript"], unused)[0]
        for adapter, text in zip((as_it_is, other), answers, strict=True)
    )
    assert found.failure is None
    assert torch.equal(found.token_ids["transcript"], wanted.token_ids["transcript"])
    assert torch.equal(found.statistics["transcript"]["logprob"], wanted.statistics["transcript"]["logprob"])


def taken_up(server: OddServer) -> EndpointAdapter:
    return EndpointAdapter(Client(server.address, tries=2, pause=0.001), "m")


def query(text: str = "") -> Query:
    return Query(torch.zeros(1600).numpy(), "zeros", "Transcribe.", text)


def unused(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    raise AssertionError("there are no logits")


def halves(made: Json) -> None:
    """Half of a character of UTF-16 in the text and in its tokens, as some servers cut an emoji."""
    made["choices"][0]["message"]["content"] = "the \ud83d ship"
    names = ("the", " \ud83d", " ship")
    kept = [{"token": name, "logprob": -0.1, "bytes": None, "top_logprobs": []} for name in names]
    made["choices"][0]["logprobs"]["content"] = kept


def test_half_a_character_is_a_replacement_character(odd: Odd) -> None:
    adapter = taken_up(odd(changed(halves)))
    assert adapter.generate([query()], 8) == ["the \ufffd ship"]
    row = adapter.reduced([query("the \ufffd ship")], ["transcript"], unused)[0]
    assert row.failure is None
    assert len(row.token_ids["transcript"]) == 3


@pytest.mark.parametrize(
    ("pause", "line"), [(0.05, "an answer that does not end within 0 s, 2 times"), (0.0, "answers with more than 1 MB")]
)
def test_an_answer_without_end_is_one_line(pause: float, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST_ANSWER", 1 << 20)
    with Endless(pause) as address, pytest.raises((EarwitnessError, Refused), match=line):
        Client(address, timeout=0.4, tries=2, pause=0.001).ask({})


def prompt(at: int, content: object) -> Change:
    """Change one position of a prompt that ends with an answer; the first position of that answer is `PROMPT`."""

    def change(made: Json) -> None:
        if len(made.get("prompt_logprobs", [])) > PROMPT:
            made["prompt_logprobs"][at] = content

    return change


UNSCORED: dict[str, tuple[Change, str]] = {
    "too short": (
        lambda made: made.update(prompt_logprobs=made.get("prompt_logprobs", [])[:PROMPT]),
        "scores a prompt without its transcript",
    ),
    "a null": (prompt(PROMPT, None), rf"gives prompt_logprobs\[{PROMPT}\] that is no object: null"),
    "no tokens": (prompt(PROMPT, {}), rf"gives prompt_logprobs\[{PROMPT}\] without the prompt's own token"),
    "minus infinity": (
        prompt(PROMPT, {"100": {"logprob": -9999.0, "rank": 40, "decoded_token": "two"}}),
        rf"gives prompt_logprobs\[{PROMPT}\]\['100'\]\.logprob that is not finite: -9999\.0",
    ),
    "other tokens": (
        prompt(PROMPT, {"100": {"logprob": -1.0, "rank": 4, "decoded_token": "three"}}),
        r"scores other tokens than the transcript's \(three words\)",
    ),
    "names in place of ids": (
        prompt(PROMPT, {"two": {"logprob": -1.0, "rank": 4, "decoded_token": "two"}}),
        rf"gives prompt_logprobs\[{PROMPT}\]\['two'\], which is no token id",
    ),
    "an id that no table holds": (
        prompt(PROMPT, {"9" * 30: {"logprob": -1.0, "rank": 4, "decoded_token": "two"}}),
        rf"gives prompt_logprobs\[{PROMPT}\]\['9+'\], which is no token id",
    ),
    "a rank that no table holds": (
        prompt(PROMPT, {"100": {"logprob": -1.0, "rank": 10**17, "decoded_token": "two"}}),
        rf"gives prompt_logprobs\[{PROMPT}\]\['100'\]\.rank that is no count",
    ),
    "the order of old versions": (
        prompt(PROMPT, {str(at): {"logprob": -at, "rank": at, "decoded_token": "two"} for at in (1, 2, 3)}),
        rf"gives prompt_logprobs\[{PROMPT}\]\['3'\] after more probable tokens, as old versions of vLLM do: update it",
    ),
    "no list": (lambda made: made.update(prompt_logprobs="none"), "gives prompt_logprobs that is no list: 'none'"),
    "no lengths": (lambda made: made.update(usage=None), "gives usage as null"),
    "a length that is no count": (
        lambda made: made["usage"].update(prompt_tokens="9"),
        r"gives usage\.prompt_tokens that is no count: '9'",
    ),
}


@pytest.mark.parametrize(("change", "line"), UNSCORED.values(), ids=UNSCORED)
def test_a_malformed_score_of_a_prompt_is_recorded_on_its_row(change: Change, line: str, odd: Odd) -> None:
    adapter = taken_up(odd(changed(change, scoring)))
    assert adapter.forces
    row = adapter.reduced([query("two words")], ["transcript"], unused)[0]
    assert len(row.token_ids["transcript"]) == 0
    assert re.search(line, row.failure or ""), row.failure


def test_a_prompt_as_vllm_scores_it(odd: Odd) -> None:
    adapter = taken_up(odd(changed(lambda made: None, scoring)))
    row = adapter.reduced([query("two words")], ["transcript"], unused)[0]
    assert row.failure is None
    found = row.statistics["transcript"]
    assert row.token_ids["transcript"].tolist() == [100, 101]
    assert found["logprob"].tolist() == pytest.approx([-1 - 3 / 7, -1 - 5 / 7])
    assert found["rank"].tolist() == [3, 3]
    assert found["gap"].tolist() == [0.5, 0.5]
    assert found["hit"].tolist() == [0, 0]


@pytest.mark.parametrize("states_it", [True, False])
@pytest.mark.parametrize("most", [0, 1, 5, 19])
def test_fewer_alternatives_are_requested_where_a_server_refuses_twenty(most: int, states_it: bool, odd: Odd) -> None:
    def reply(question: Json) -> Reply:
        if question.get("top_logprobs", 0) > most:
            words = f"must be at most {most}" if states_it else "is too large"
            return 400, json.dumps({"error": {"message": f"top_logprobs {words}"}})
        made = plain(question)
        for place in made["choices"][0]["logprobs"]["content"]:
            place["top_logprobs"] = place["top_logprobs"][: question.get("top_logprobs", 0)]
        return 200, json.dumps(made)

    server = odd(reply)
    adapter = taken_up(server)
    found = len(server.questions)
    assert found <= 5 if states_it and most else found <= 9
    adapter.generate([query()], 8)
    assert server.questions[-1]["top_logprobs"] == most
    row = adapter.reduced([query(TEXT)], ["transcript"], unused)[0]
    assert row.failure is None
    assert row.statistics["transcript"]["gap"].isnan().all() == (most < 2)
    assert row.statistics["transcript"]["hit"].isnan().all() == (most < 1)


def test_a_server_that_refuses_log_probabilities_is_asked_without_them(odd: Odd) -> None:
    def reply(question: Json) -> Reply:
        if "logprobs" in question:
            return 400, json.dumps({"error": {"message": "This model does not support logprobs."}})
        return changed(choice(logprobs=None))(question)

    adapter = taken_up(odd(reply))
    assert not adapter.scores
    assert adapter.answers([query()], 8) == [TEXT]
    assert adapter.reduced([query(TEXT)], ["transcript"], unused)[0].failure == NO_LOGPROBS


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "a\\nb", "code": 400}}', "a b"),
        ('[{"error": {"message": "a"}}]', "a"),
        ('{"error": "a", "error_type": "validation"}', "a"),
        ('{"error": "Bad Request", "message": "a"}', "a"),
        ('{"detail": "a"}', "a"),
        ('{"errors": [{"title": "a"}, {"title": "b"}]}', "a; b"),
        ('{"statusCode": 500}', ""),
        ("Internal Server Error\n", "Internal Server Error"),
        ("<style>p {x: y}</style><p>a &amp;\n b</p>", "a & b"),
        ("\x1b[31ma\x00", "[31ma"),
        ("", ""),
        ('"a"', "a"),
        (f"before {'QUJD' * 99} after", "before ... after"),
        ("Bearer hidden123 is no key", "Bearer *** is no key"),
    ],
)
def test_the_words_of_servers(body: str, words: str) -> None:
    assert server_words(body) == words


def test_a_servers_words_are_short_and_hold_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "a b0c")
    assert server_words("no a b0c here") == "no *** here"
    assert len(server_words("a word " * 99)) <= LONGEST_WORDS


CASE = Path("cases/13-served-answers/server.py")
ENDS: dict[str, str] = {
    "thinking": "spell another text",
    "refusal": r"refuses to answer \(I can't help with that\.\)",
    "null_logprobs": NO_LOGPROBS,
    "empty_logprobs": NO_LOGPROBS,
    "minus_inf": r"\[3\]\.logprob that is not finite",
    "null_logprob": r"\[2\]\.logprob as null",
    "clipped": r"\[3\]\.logprob that is not finite",
    "string_logprob": r"\[3\]\.logprob that is no number",
    "error200": "model is overloaded",
    "no_choices": r"gives no choices\[0\]",
    "longer_tokens": "spell another text",
    "stream": "stream of events",
}


@pytest.mark.slow
def test_the_shared_server_ends_as_its_input_says(
    repository: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repository.parent / "shared" / CASE
    if not path.is_file():
        pytest.skip(f"no {path}")
    spec = importlib.util.spec_from_file_location("served_case", path)
    assert spec is not None
    assert spec.loader is not None
    case = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(case)
    assert set(ENDS) < set(case.MODES)
    for mode in case.MODES:
        server = case.serve(mode, 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ended = target_stage(f"http://127.0.0.1:{server.server_port}/v1", monkeypatch)
        told = capsys.readouterr().err
        server.shutdown()
        server.server_close()
        if mode in ENDS:
            assert (ended, told.count("\n")) == (2, 1), mode
            assert re.search(ENDS[mode], told), told
        else:
            assert ended == 0, told
            assert read_json(here / "data/target/odd/target.json")["audible"] is True, mode
