"""The few answers of the Hub that a download needs, from a server on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

Repositories = dict[str, dict[str, bytes]]
"""For ``org/name@commit``, its files."""


@contextmanager
def hub(repositories: Repositories) -> Iterator[tuple[str, list[str]]]:
    """Yield the server's address and the list of what was asked for so far."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            asked.append(f"{self.command} {path}")
            for name, files in repositories.items():
                repository, _, commit = name.partition("@")
                if path == f"/api/datasets/{repository}/tree/{commit}":
                    listing = [
                        {"type": "file", "path": file, "size": len(content), "oid": commit}
                        for file, content in files.items()
                    ]
                    return self.answer(200, json.dumps(listing).encode(), commit)
                start = f"/datasets/{repository}/resolve/{commit}/"
                if path.startswith(start) and path.removeprefix(start) in files:
                    return self.answer(200, files[path.removeprefix(start)], commit)
            return self.answer(404, b"{}", "")

        do_HEAD = do_GET

        def answer(self, status: int, content: bytes, commit: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            if commit:
                self.send_header("ETag", f'"{abs(hash(content)):x}"')
                self.send_header("X-Repo-Commit", commit)
            else:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
