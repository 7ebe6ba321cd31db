"""A chat endpoint on this machine whose answers a test changes: one answer of five tokens, other numbers by sound."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKENS = ("the", " red", " ship", " is", " here")
TEXT = "".join(TOKENS)
PROMPT = 9
"""Number of tokens before an answer."""

Json = dict[str, Any]
Reply = tuple[int, str]
"""Status and body."""


def token(name: str, logprob: float) -> Json:
    """Return one token of an answer with one alternative, as OpenAI writes it."""
    other = {"token": " x", "logprob": logprob - 2, "bytes": list(b" x")}
    own = {"token": name, "logprob": logprob, "bytes": list(name.encode())}
    return {**own, "top_logprobs": [dict(own), other]}


def plain(question: Json) -> Json:
    """Return a whole answer, as a server gives it that does not score prompts."""
    messages = json.dumps(question["messages"]).encode()
    level = 0.5 + int(hashlib.blake2b(messages, digest_size=2).hexdigest(), 16) / 65536
    content = [token(name, -level * (at + 1) / 5) for at, name in enumerate(TOKENS)]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": TEXT},
        "logprobs": {"content": content},
        "finish_reason": "stop",
    }
    return {"id": "1", "choices": [choice], "usage": {"prompt_tokens": PROMPT, "completion_tokens": len(TOKENS)}}


def scoring(question: Json) -> Json:
    """Return a whole answer, as vLLM gives it: with the scores of the prompt, where they were requested."""
    made = plain(question)
    given = question["messages"][-1]
    words = given["content"].split() if given["role"] == "assistant" else []
    made["usage"]["prompt_tokens"] = PROMPT + len(words)
    if "prompt_logprobs" in question:
        places = [{str(at): {"logprob": -1.0, "rank": 1, "decoded_token": "?"}} for at in range(1, PROMPT)]
        levels = [-1.0 - len(word) / 7 for word in words]
        made["prompt_logprobs"] = [None, *places] + [
            {
                str(100 + at): {"logprob": level, "rank": 3, "decoded_token": f" {word}"},
                "7": {"logprob": -0.25, "rank": 1, "decoded_token": " a"},
                "8": {"logprob": -0.75, "rank": 2, "decoded_token": " b"},
            }
            for at, (word, level) in enumerate(zip(words, levels, strict=True))
        ]
    return made


class OddServer:
    """The endpoint.

    Parameters
    ----------
    reply : callable
        Makes the status and the body of each answer from the question.
    """

    def __init__(self, reply: Callable[[Json], Reply]) -> None:
        self.reply = reply
        self.questions: list[Json] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(odd) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                odd.questions.append(question)
                status, body = odd.reply(question)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class Endless:
    """An endpoint whose answers never end.

    Parameters
    ----------
    pause : float
        Seconds between two parts of 64 KB; with a pause, a part is one byte.
    """

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(endless) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(200)
                self.end_headers()
                part = b" " if endless.pause else b" " * 65536
                with suppress(OSError):  # the client has gone
                    while True:
                        self.wfile.write(part)
                        time.sleep(endless.pause)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
