"""A model behind vLLM's own form gives the numbers that the local adapter gives on the same checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stages.models.adapter import Query
from stages.models.families.endpoint import EndpointAdapter
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.served.client import Client
from tests.stages.models.odd_server import OddServer
from tests.stages.models.vllm_server import Engine

MakeQuery = Callable[..., Query]
Serve = Callable[..., EndpointAdapter]
TEXTS = ["Tom saw it.", "Grüße, Ünal!", " The ship  sails. ", "a"]


@pytest.fixture(scope="module")
def local(checkpoint: Path) -> Qwen2AudioAdapter:
    adapter = load_checkpoint(checkpoint.as_posix(), LoadOptions())
    assert isinstance(adapter, Qwen2AudioAdapter)
    return adapter


@pytest.fixture
def serve(checkpoint: Path) -> Iterator[Serve]:
    """Serve the checkpoint in vLLM's form."""
    servers = []

    def start(template: str = "", **options: object) -> EndpointAdapter:
        engine = Engine(checkpoint, template, **options)  # type: ignore[arg-type]
        servers.append(OddServer(engine.reply))
        return EndpointAdapter(Client(servers[-1].address, tries=2, pause=0.01), "small")

    yield start
    for server in servers:
        server.close()


def unused(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    raise AssertionError("there are no logits")


def expected(local: Qwen2AudioAdapter, query: Query) -> dict[str, torch.Tensor]:
    """Return the statistics of a text's tokens by the local adapter, without the token that ends an answer."""
    row = local.forced([query], ["transcript"])[0]
    scores, ids = torch.log_softmax(row.logits["transcript"][:-1], -1), row.token_ids["transcript"][:-1]
    own, best = scores.gather(1, ids[:, None]), scores.topk(2).values
    rank = 1 + (scores > own).sum(1).float()
    return {"ids": ids, "logprob": own[:, 0], "rank": rank, "gap": best[:, 0] - best[:, 1], "hit": (rank == 1).float()}


@pytest.mark.parametrize("tells_ids", [True, False], ids=["with token ids", "without"])
def test_given_texts_have_the_local_scores(
    tells_ids: bool, serve: Serve, local: Qwen2AudioAdapter, make_query: MakeQuery
) -> None:
    endpoint = serve(tells_ids=tells_ids)
    assert endpoint.forces
    queries = [make_query(0.4 + 0.7 * at, text, seed=at) for at, text in enumerate(TEXTS)]
    for query, row in zip(queries, endpoint.reduced(queries, ["transcript"], unused), strict=True):
        wanted, found = expected(local, query), row.statistics["transcript"]
        assert row.failure is None
        assert torch.equal(row.token_ids["transcript"], wanted["ids"])
        for name in endpoint.statistics:
            assert torch.allclose(found[name], wanted[name], atol=1e-4), name


def test_a_longer_sound_has_more_placeholders_and_the_same_place_of_the_answer(
    serve: Serve, local: Qwen2AudioAdapter, make_query: MakeQuery
) -> None:
    endpoint = serve()
    queries = [make_query(seconds, "Tom saw it.") for seconds in (0.3, 3.9)]
    rows = endpoint.reduced(queries, ["transcript"], unused)
    short, long = (endpoint._prefix(query).length for query in queries)
    assert long > short + 50
    for query, row in zip(queries, rows, strict=True):
        assert torch.allclose(row.statistics["transcript"]["logprob"], expected(local, query)["logprob"], atol=1e-4)


def test_own_answers_have_the_local_text_and_scores(
    serve: Serve, local: Qwen2AudioAdapter, make_query: MakeQuery
) -> None:
    endpoint = serve()
    queries = [make_query(0.5 + at, "", seed=at) for at in range(2)]
    texts = endpoint.generate(queries, 6)
    assert texts == local.generate(queries, 6)
    queries = [replace(query, text=text) for query, text in zip(queries, texts, strict=True)]
    for query, row in zip(queries, endpoint.reduced(queries, ["transcript"], unused), strict=True):
        assert torch.allclose(row.statistics["transcript"]["logprob"], expected(local, query)["logprob"], atol=1e-4)


@pytest.mark.parametrize("most", [1, 0])
def test_a_server_with_fewer_log_probabilities_scores_without_gaps(
    most: int, serve: Serve, local: Qwen2AudioAdapter, make_query: MakeQuery
) -> None:
    query = make_query(0.5, "Tom saw it.")
    found = serve(most=most).reduced([query], ["transcript"], unused)[0].statistics["transcript"]
    wanted = expected(local, query)
    assert torch.allclose(found["logprob"], wanted["logprob"], atol=1e-4)
    assert torch.equal(found["rank"], wanted["rank"])
    assert found["gap"].isnan().all()


TURN = "{% for m in messages %}<|{{ 'assistant' if m['role'] == 'assistant' else 'user' }}|>"
SOUND = "<|audio_bos|><|AUDIO|><|audio_eos|>"
CONTENT = (
    "{% if m['content'] is string %}ANSWER{% else %}{% for p in m['content'] %}{% if p['type'] == 'audio' %}"
    f"{SOUND}{{% else %}}{{{{ p['text'] }}}}{{% endif %}}{{% endfor %}}{{% endif %}}<|im_end|>{{% endfor %}}"
)
START = "{% if add_generation_prompt %}<|assistant|>OPENING{% endif %}"


def template(answer: str = "{{ m['content'] }}", opening: str = "") -> str:
    return TURN + CONTENT.replace("ANSWER", answer) + START.replace("OPENING", opening)


def test_a_template_that_strips_an_answer_scores_the_rest(
    serve: Serve, local: Qwen2AudioAdapter, make_query: MakeQuery
) -> None:
    endpoint = serve(template("{{ m['content'] | trim }}"))
    row = endpoint.reduced([make_query(0.5, " Tom saw it. ")], ["transcript"], unused)[0]
    wanted = expected(local, make_query(0.5, "Tom saw it."))
    assert row.failure is None
    assert torch.allclose(row.statistics["transcript"]["logprob"], wanted["logprob"], atol=1e-4)


@pytest.mark.parametrize(
    ("changed", "tells_ids", "failure"),
    [
        (template("{{ m['content'] | upper }}"), True, "answers status 400 (continue_final_message is set but the"),
        (template("so: {{ m['content'] }}"), True, "scores other tokens than the transcript's (so: Tom saw it.)"),
        (template(opening="<think></think>"), True, "the chat template's last 15 tokens before an answer differ"),
        (template(opening="<think></think>"), False, "scores a prompt without its transcript"),
        (template(opening="Yes. "), False, "scores other tokens than the transcript's (aw it.)"),
    ],
    ids=["another text", "words before it", "another opening", "another opening, no ids", "a longer opening, no ids"],
)
def test_a_template_that_scores_something_else_is_named(
    changed: str, tells_ids: bool, failure: str, serve: Serve, make_query: MakeQuery
) -> None:
    row = serve(changed, tells_ids=tells_ids).reduced([make_query(0.5, "Tom saw it.")], ["transcript"], unused)[0]
    assert len(row.token_ids["transcript"]) == 0
    assert failure in (row.failure or ""), row.failure
