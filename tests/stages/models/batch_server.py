"""A chat endpoint on this machine that also has OpenAI's batch API: files, batches, and files of answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.stages.models.odd_server import Json, Reply


class BatchServer:
    """The endpoint.

    Parameters
    ----------
    reply : callable
        Makes the status and the body of each answer from the question.

    Attributes
    ----------
    looks : int
        Number of looks at a batch before it has ended.
    ends_as : str
        The status of a batch in the end.
    direct, batches : int
        How many questions were asked directly, and how many batches were made.
    questions : list of list of dict
        The questions of each batch.
    files : dict of str to str
        The files that it holds.
    loses_ids : bool
        Whether it breaks off when a batch is made.
    refuses : str
        The path that it refuses.
    damages : bool
        Whether files of answers are cut off.
    """

    def __init__(self, reply: Callable[[Json], Reply]) -> None:
        self.reply = reply
        self.looks, self.ends_as, self.loses_ids = 1, "completed", False
        self.refuses, self.damages = "", False
        self.direct = 0
        self.questions: list[list[Json]] = []
        self.files: dict[str, str] = {}
        self.made: list[Json] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def post(self, path: str, content: bytes, kind: str) -> Reply:
        """Answer a question, take a file or make a batch."""
        if path == "/v1/chat/completions":
            self.direct += 1
            return self.reply(json.loads(content))
        if path == self.refuses:
            return 400, json.dumps({"error": {"message": "Not here."}})
        if path == "/v1/files":
            form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
            parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
            assert parts["purpose"].get_payload() == "batch"
            name = f"file-{len(self.files)}-{len(self.made)}"
            self.files[name] = parts["file"].get_payload(decode=True).decode()
            return 200, json.dumps({"id": name, "object": "file", "purpose": "batch"})
        assert path == "/v1/batches"
        wanted = json.loads(content)
        assert (wanted["endpoint"], wanted["completion_window"]) == ("/v1/chat/completions", "24h")
        lines = [json.loads(line) for line in self.files[wanted["input_file_id"]].splitlines()]
        assert len({line["custom_id"] for line in lines}) == len(lines)
        assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
        self.questions.append([line["body"] for line in lines])
        self.made.append({"id": f"batch-{len(self.made)}", "input_file_id": wanted["input_file_id"], "looks": 0})
        return (0, "") if self.loses_ids else (200, json.dumps({**self.made[-1], "status": "validating"}))

    def get(self, path: str) -> Reply:
        """Show batches, or give a file."""
        if path.startswith("/v1/files/"):
            content = self.files[path.split("/")[3]]
            return 200, content[: len(content) // 2] if self.damages else content
        if path.startswith("/v1/batches?"):
            return 200, json.dumps({"object": "list", "data": self.made})
        found = next(batch for batch in self.made if batch["id"] == path.split("/")[3])
        found["looks"] += 1
        if found["looks"] <= self.looks:
            return 200, json.dumps({**found, "status": "in_progress", "output_file_id": None})
        if self.ends_as == "failed":
            errors = {"object": "list", "data": [{"code": "too_large", "message": "The file is too large."}]}
            return 200, json.dumps({**found, "status": "failed", "errors": errors})
        return 200, json.dumps({**found, "status": self.ends_as, **self._answers(found)})

    def _answers(self, batch: Json) -> Json:
        right, wrong = [], []
        for at, line in enumerate(map(json.loads, self.files[batch["input_file_id"]].splitlines())):
            own = {"id": f"request-{at}", "custom_id": line["custom_id"]}
            if self.ends_as == "expired" and at % 2:
                wrong.append({**own, "response": None, "error": {"code": "batch_expired", "message": "Too late."}})
                continue
            status, body = self.reply(line["body"])
            made = {**own, "response": {"status_code": status, "body": json.loads(body)}, "error": None}
            (right if status == 200 else wrong).append(made)
        names = {}
        for key, lines in (("output_file_id", right), ("error_file_id", wrong)):
            names[key] = f"{key}-{batch['id']}" if lines else None
            if lines:
                self.files[f"{key}-{batch['id']}"] = "\n".join(json.dumps(line) for line in reversed(lines))
        return names

    def _handler(batches) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                self._send(*batches.post(self.path, content, self.headers["Content-Type"]))

            def do_GET(self) -> None:
                self._send(*batches.get(self.path))

            def do_DELETE(self) -> None:
                del batches.files[self.path.split("/")[3]]
                self._send(200, "{}")

            def _send(self, status: int, body: str) -> None:
                if not status:
                    self.connection.close()
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
