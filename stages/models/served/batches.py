"""Ask a chat endpoint by its batch API, in OpenAI's file format: slower, and often at half the price.

A batch is a file of questions that the endpoint answers within a day. Its id is written down as soon as it is known, so
a run that was killed goes on with the same batch. Answers are kept in a folder, one file a batch, until the rows that
need them are computed; a batch's files are deleted at the endpoint once its answers are here.

`BatchClient.ahead` runs a computation twice: at first its questions are only collected, later it finds their answers. A
question that follows from an answer, such as the score of a generated text, takes another batch.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from uuid import uuid4

import httpx

from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import read_json, write_json, write_text
from stages.core.store.rowcache import FRESH
from stages.models.served.client import Client, Question
from stages.models.served.fields import Field, Refused
from stages.models.served.words import message_of, one_line

FOLDER = Path(".cache/batches")
URL = "/v1/chat/completions"
"""The endpoint that the questions of a batch are for, as the format names it."""
MOST_QUESTIONS, MOST_BYTES = 50_000, 100_000_000
"""Largest number of questions, and of bytes, in one batch: what common endpoints allow."""
ROUNDS = 6
"""Largest number of batches that follow from each other's answers."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
WAITING = "is not answered yet"


@dataclass(frozen=True)
class _KeptLine:
    """Where an answer is kept: a file, and the first byte of its line."""

    file: Path
    at: int


@dataclass
class _Collected:
    """The questions that a computation asks: all their names, and the lines that are not uploaded yet."""

    names: set[str] = field(default_factory=set)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0


class BatchClient:
    """An endpoint that is asked by batches where `ahead` is used, and directly elsewhere.

    Parameters
    ----------
    direct : Client
        The same endpoint.
    state : str
        What names the model and its version: kept answers belong to it.
    poll : float
        Seconds between two looks at a batch, doubled after each up to a minute.
    """

    def __init__(self, direct: Client, state: str, poll: float = 1.0) -> None:
        self.direct = direct
        self._poll = poll
        self._folder = FOLDER / blake2b(f"{direct.address}\n{state}".encode(), digest_size=8).hexdigest()
        self._kept: dict[str, _KeptLine] = {}
        self._failed: dict[str, str] = {}
        self._collected: _Collected | None = None
        self._lock = Lock()
        for file in sorted(self._folder.glob("*.answers.jsonl")) if not os.environ.get(FRESH) else []:
            self._index(file)
        self._failed.clear()  # what failed in an earlier run is asked again

    def ask(self, question: Question) -> Field:
        """Return the answer to a question from its batch; outside of `ahead`, ask a new question directly.

        Raises
        ------
        Refused
            If the endpoint refused the question, or while questions are only collected.
        """
        name = _name(question)
        if name in self._kept:
            return self._read(self._kept[name])
        if name in self._failed:
            raise Refused(self._failed[name])
        if self._collected is None:
            return self.direct.ask(question)
        with self._lock:
            self._collect(self._collected, name, question)
        raise Refused(WAITING)

    def ahead(self, run: Callable[[], object]) -> None:
        """Ask all questions that a computation asks, by as many batches as needed, before it is run for good."""
        if self._collected is not None:
            return
        for _ in range(ROUNDS):
            self._resume()
            collected = self._collected = _Collected()
            try:
                run()
            finally:
                self._collected = None
            if not collected.names:
                return
            self._start(collected)

    def _collect(self, collected: _Collected, name: str, question: Question) -> None:
        """Add a question once; start a batch where it is full."""
        if name in collected.names:
            return
        line = _line(name, question)
        if len(collected.lines) == MOST_QUESTIONS or collected.size + len(line) > MOST_BYTES:
            self._start(collected)
        collected.names.add(name)
        collected.lines.append(line)
        collected.size += len(line)

    def _start(self, collected: _Collected) -> None:
        """Upload questions, and write down the batch that answers them."""
        if not collected.lines:
            return
        job = self._folder / f"{uuid4().hex}.batch.json"
        with self._stopping():
            sent = self.direct.request("POST", "files", self.direct.as_object, *_form(b"".join(collected.lines)))
            uploaded = sent.need("id").text()
            collected.lines, collected.size = [], 0
            write_json(job, {"file": uploaded, "batch": None})
            wanted = {"input_file_id": uploaded, "endpoint": URL, "completion_window": "24h"}
            made = self.direct.request("POST", "batches", self.direct.as_object, json.dumps(wanted).encode())
            write_json(job, {"file": uploaded, "batch": made.need("id").text()})

    def _resume(self) -> None:
        """Wait for every batch that is written down, and keep its answers."""
        for job in sorted(self._folder.glob("*.batch.json")):
            told = read_json(job)
            with self._stopping():
                batch = told["batch"] or self._of_file(told["file"])
            if batch is None:
                job.unlink()
                continue
            try:
                with self._stopping():
                    made = self._awaited(batch)
                    self._finish(batch, made, job)
            except EarwitnessError as error:
                raise EarwitnessError(f"{error} (batch {batch}, of {job})") from error

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Stop the run where the batch API refuses a request, which is not the fault of a single question."""
        try:
            yield
        except Refused as refused:
            raise EarwitnessError(
                f"{self.direct.address}: its batch API {refused}: run again, or leave out targets' requests: batch"
            ) from refused

    def _of_file(self, uploaded: str) -> str | None:
        """Return the batch of an uploaded file, if a run was killed before it learned its id."""
        listed = self.direct.request("GET", "batches?limit=100", self.direct.as_object)
        for batch in listed.need("data").items():
            if batch.need("input_file_id").value == uploaded:
                return batch.need("id").text()
        return None

    def _finish(self, batch: str, made: Field, job: Path) -> None:
        """Keep the answers of a batch that has ended, and delete its files at the endpoint."""
        names = [made.known(key) for key in ("output_file_id", "error_file_id")]
        found = [name.text() for name in names if name is not None and name.value]
        if not found:
            job.unlink()  # so that the next run asks again
            errors = made.known("errors")
            words = _of_data(errors) if errors is not None else ""
            raise EarwitnessError(
                f"{self.direct.address}: gives no answers to a batch, which ends as "
                f"{made.need('status').text()}{f' ({words})' if words else ''}: run again, or leave out "
                "targets' requests: batch"
            )
        file = job.with_name(job.name.replace(".batch.json", ".answers.jsonl"))
        write_text(file, "".join(self.direct.request("GET", f"files/{name}/content", _body) for name in found))
        self._index(file)
        job.unlink()
        for name in [*found, made.need("input_file_id").text()]:
            self._delete(name)

    def _awaited(self, batch: str) -> Field:
        """Look at a batch until it has ended."""
        pause = self._poll
        print(
            f"{self.direct.address}: waiting for the batch {batch}; a run that is stopped goes on with it", flush=True
        )
        while True:
            made = self.direct.request("GET", f"batches/{batch}", self.direct.as_object)
            if made.need("status").text() in ENDED:
                return made
            time.sleep(pause)
            pause = min(2 * pause, 60.0)

    def _delete(self, name: str) -> None:
        """Delete a file at the endpoint; not all endpoints can."""
        try:
            self.direct.request("DELETE", f"files/{name}", _body)
        except (Refused, EarwitnessError):
            return

    def _index(self, file: Path) -> None:
        """Note which questions a file of answers answers, and which failed."""
        at = 0
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    if line.strip():
                        self._note(Field(json.loads(line)), _KeptLine(file, at))
                except (ValueError, Refused) as error:
                    raise EarwitnessError(
                        f"{file}: line {number} is no answer of a batch ({error}): delete the file, and run again"
                    ) from error
                at += len(line)

    def _note(self, made: Field, place: _KeptLine) -> None:
        name, response, error = made.need("custom_id").text(), made.known("response"), made.known("error")
        status = response.need("status_code").whole() if response is not None else 0
        if response is not None and error is None and 200 <= status < 300:
            self._kept[name] = place
            return
        told = response.value if response is not None else error.value if error is not None else None
        words = one_line(message_of(told.get("body") if isinstance(told, dict) and "body" in told else told))
        shown = f" ({words})" if words else ""
        self._failed[name] = f"answers status {status}{shown}" if status else f"does not answer in a batch{shown}"

    def _read(self, place: _KeptLine) -> Field:
        with place.file.open("rb") as lines:
            lines.seek(place.at)
            body = Field(json.loads(lines.readline())).need("response").need("body")
        made = Field(body.value)
        error = made.known("error")
        if error is not None and not made.known("choices"):
            raise Refused(f"answers an error in a batch ({one_line(message_of(error.value))})")
        return made


def _name(question: Question) -> str:
    return blake2b(json.dumps(question, sort_keys=True).encode(), digest_size=16).hexdigest()


def _line(name: str, question: Question) -> bytes:
    return json.dumps({"custom_id": name, "method": "POST", "url": URL, "body": question}).encode() + b"\n"


def _form(content: bytes) -> tuple[bytes, str]:
    """Return a form with a file of questions, and its content type."""
    request = httpx.Request(
        "POST", "http://form", data={"purpose": "batch"}, files={"file": ("questions.jsonl", content)}
    )
    return request.read(), request.headers["Content-Type"]


def _body(response: httpx.Response) -> str:
    text = response.text
    return text if not text or text.endswith("\n") else f"{text}\n"


def _of_data(errors: Field) -> str:
    """Return the messages in a batch's list of errors."""
    found = errors.known("data") if isinstance(errors.value, dict) else None
    return one_line(message_of(found.value if found is not None else errors.value))
