"""A chat endpoint on this machine that serves a small Qwen2-Audio, and can be told to fail."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import soundfile
import torch

from stages.core.sound.audio import audio_hash
from stages.models.adapter import Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter

Entry = dict[str, Any]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    """More than are asked at once: a connection beyond the queue may wait for minutes."""


class Serving:
    """The endpoint.

    Parameters
    ----------
    adapter : Qwen2AudioAdapter
        What it serves.
    scores_prompts : bool
        Whether it knows vLLM's ``prompt_logprobs``.
    """

    def __init__(self, adapter: Qwen2AudioAdapter, scores_prompts: bool) -> None:
        self.adapter = adapter
        self.scores_prompts = scores_prompts
        self.faults: deque[str] = deque()
        """What becomes of the next questions: a status, with a pause after a slash, or garbage, nothing or closed."""
        self.refuses = ""
        """An instruction that is always refused."""
        self.shortens = False
        """Whether the scores of a prompt end before its transcript."""
        self.deaf = False
        """Whether every sound is silence to it."""
        self.keys: list[str | None] = []
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Stop, and let go of the questions that are kept waiting."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, question: Entry) -> Entry:
        """Answer as an OpenAI-compatible server does."""
        sound, text = question["messages"][0]["content"]
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(sound["input_audio"]["data"])), dtype="float32")
        assert rate == 16_000
        given = question["messages"][1]["content"] if question.get("continue_final_message") else ""
        samples = 0 * samples if self.deaf else samples
        query = Query(samples, audio_hash(samples), text["text"], given)
        heard = self.adapter.hear([query])[query.audio_hash]
        start = self.adapter._row(query, heard).answer.start
        made = self._generated(query, question["max_tokens"])
        length = start + len(self._logprobs(query)[0])
        answer: Entry = {"choices": [made], "usage": {"prompt_tokens": length}}
        if self.scores_prompts and "prompt_logprobs" in question:
            scored = [] if self.shortens else self._prompt_logprobs(query)
            answer["prompt_logprobs"] = [None] * start + scored
        return answer

    def _logprobs(self, query: Query) -> tuple[torch.Tensor, torch.Tensor]:
        row = self.adapter.forced([query], ["transcript"])[0]
        return row.token_ids["transcript"][:-1], torch.log_softmax(row.logits["transcript"][:-1], -1)

    def _generated(self, query: Query, max_tokens: int) -> Entry:
        text = self.adapter.generate([query], max_tokens)[0]
        ids, logprobs = self._logprobs(Query(query.samples, query.audio_hash, query.instruction, text))
        content = []
        for token, of_token in zip(ids, logprobs, strict=True):
            best = of_token.topk(20)
            top = [self._entry(int(at), float(value)) for at, value in zip(best.indices, best.values, strict=True)]
            content.append({**self._entry(int(token), float(of_token[token])), "top_logprobs": top})
        return {"message": {"role": "assistant", "content": text}, "logprobs": {"content": content}}

    def _entry(self, token: int, logprob: float) -> Entry:
        name = self.adapter.parts.tokenizer.convert_ids_to_tokens(token)
        return {"token": name, "bytes": list(name.encode()), "logprob": logprob}

    def _prompt_logprobs(self, query: Query) -> list[Entry]:
        places = []
        for token, of_token in zip(*self._logprobs(query), strict=True):
            ids = [int(token), *(int(at) for at in of_token.topk(2).indices if at != token)]
            places.append(
                {
                    str(at): {"logprob": float(of_token[at]), "rank": int((of_token > of_token[at]).sum()) + 1}
                    for at in ids
                }
            )
        return places

    def _handler(serving) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                serving.keys.append(self.headers.get("Authorization"))
                fault = serving.faults.popleft() if serving.faults else ""
                if serving.refuses and question["messages"][0]["content"][1]["text"] == serving.refuses:
                    fault = "400"
                if fault == "closed":
                    self.connection.close()
                elif fault == "nothing":
                    serving.released.wait(30)
                elif fault == "garbage":
                    self._send(200, b"<html>it works!</html>")
                elif fault:
                    status, _, pause = fault.partition("/")
                    self._send(int(status), b"{}", pause)
                else:
                    self._send(200, json.dumps(serving.answer(question)).encode())

            def _send(self, status: int, content: bytes, pause: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if pause:
                    self.send_header("Retry-After", pause)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
