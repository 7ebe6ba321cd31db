"""Send questions to a chat endpoint, with retries when it is busy or fails."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from stages.core.errors import EarwitnessError
from stages.models.served.fields import Field, Refused
from stages.models.served.words import KEY, message_of, one_line, server_words

LONGEST_PAUSE = 600.0
"""Longest pause, in seconds, that an endpoint may ask for; the run stops if it asks for a longer one."""
LARGEST_ANSWER = 2**27
"""Largest answer to a question, in bytes. Thousands of alternatives at each token take a tenth of it."""
BUSY = frozenset({408, 425, 429})
CLOSED = {401: f"refuses the key: set {KEY}", 403: f"refuses the key: set {KEY}", 404: "knows no such path or model"}
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""The beginning of half a character of UTF-16, as JSON writes it; most are one of a pair."""

Question = Mapping[str, object]
"""The body of a question to ``chat/completions``."""
Result = TypeVar("Result")


class _Passing(Exception):
    """A failure that may pass: its reason, and the pause in seconds that the endpoint asks for, if any."""

    def __init__(self, reason: str, pause: float | None = None, *, answered: bool = False) -> None:
        super().__init__(reason)
        self.pause = pause
        self.answered = answered


@dataclass(frozen=True)
class Client:
    """One served model.

    Attributes
    ----------
    address : str
        The endpoint's address, such as ``https://host/v1``.
    timeout : float
        Seconds to wait for an answer to begin, for each further part of it, and for all of it since it began.
    tries : int
        Total number of attempts for one question.
    pause : float
        Seconds before the second attempt, doubled before each further one. An endpoint's own ``Retry-After`` takes
        precedence.
    """

    address: str
    timeout: float = 120.0
    tries: int = 6
    pause: float = 1.0

    def ask(self, question: Question) -> Field:
        """Send one question to ``chat/completions``.

        Raises
        ------
        Refused
            If the endpoint refuses this question (a status below 500 that is not a success, or such an error in place
            of an answer), or if it never answers with a JSON object.
        EarwitnessError
            If the endpoint refuses the key, asks for a pause longer than `LONGEST_PAUSE`, or is busy, fails or does
            not answer at every attempt. Other questions would fail in the same way.
        """
        return self.request("POST", "chat/completions", self._answer, json.dumps(question).encode(), bounded=True)

    def request(
        self,
        method: str,
        path: str,
        read: Callable[[httpx.Response], Result],
        content: bytes | None = None,
        kind: str = "application/json",
        bounded: bool = False,
    ) -> Result:
        """Send a request, again where the failure may pass, and return what `read` makes of the answer; see `ask`.

        A bounded answer ends within `timeout` and has at most `LARGEST_ANSWER` bytes. Files of answers are not bounded.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(self.tries),
            wait=self._pause_after,
            reraise=True,
        )
        try:
            result: Result = retrying(self._once, method, path, read, content, kind, bounded)
        except _Passing as failure:
            if failure.answered:
                raise Refused(f"{failure} {self.tries} times") from failure
            raise EarwitnessError(
                f"{self.address}: {failure}, {self.tries} times: run again when it is back; what it answered is kept"
            ) from failure
        return result

    def _pause_after(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt. It exists because tenacity does not read ``Retry-After``."""
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Passing) and failure.pause is not None:
            return failure.pause
        return wait_exponential(multiplier=self.pause)(state)

    @cached_property
    def _connection(self) -> httpx.Client:
        """The connection, which stays open between questions."""
        return httpx.Client(timeout=self.timeout)

    def _once(
        self,
        method: str,
        path: str,
        read: Callable[[httpx.Response], Result],
        content: bytes | None,
        kind: str,
        bounded: bool,
    ) -> Result:
        headers = _headers(kind)
        try:
            with self._connection.stream(method, f"{self.address}/{path}", content=content, headers=headers) as sent:
                response = self._whole(sent, bounded)
        except (httpx.RequestError, httpx.InvalidURL) as error:  # no connection, no answer in time, or one cut off
            raise _Passing(f"gives no answer ({one_line(str(error)) or type(error).__name__})") from error
        if not response.is_success:
            pause = _stated_pause(response.headers.get("Retry-After", ""))
            words = server_words(response.text)
            if response.has_redirect_location:  # not followed: the key would go to another address
                words = f"moved to {one_line(response.headers['Location'])}; write the address that it is at"
            raise self._failure(response.status_code, words, pause)
        return read(response)

    def _whole(self, sent: httpx.Response, bounded: bool) -> httpx.Response:
        """Read an answer to its end. The connection's own timeout is that of each part, which a slow stream keeps."""
        body, began = bytearray(), time.monotonic()
        for part in sent.iter_bytes():
            body += part
            if bounded and len(body) > LARGEST_ANSWER:
                raise Refused(f"answers with more than {LARGEST_ANSWER >> 20} MB")
            if bounded and time.monotonic() - began > self.timeout:
                raise _Passing(f"gives an answer that does not end within {self.timeout:.0f} s")
        kept = {
            name: sent.headers[name] for name in ("Content-Type", "Retry-After", "Location") if name in sent.headers
        }
        return httpx.Response(sent.status_code, headers=kept, content=bytes(body))

    def as_object(self, response: httpx.Response) -> Field:
        """Return the JSON object that an answer holds."""
        body = response.text
        if body.startswith(("data:", "event:")):
            raise Refused("answers with a stream of events, which was not requested")
        try:
            content = json.loads(body, parse_int=_number)
        except (ValueError, RecursionError) as error:
            raise _Passing(f"answers what is not JSON{_quoted(server_words(body))}", answered=True) from error
        if not isinstance(content, dict):
            raise _Passing("answers what is no JSON object", answered=True)
        return Field(_of_characters(content) if _HALF.search(body) else content)

    def _answer(self, response: httpx.Response) -> Field:
        made = self.as_object(response)
        error = made.known("error")
        if error is not None and not made.known("choices"):
            raise self._failure(_stated_status(error), one_line(message_of(error.value)), None)
        return made

    def _failure(self, status: int, words: str, pause: float | None) -> Exception:
        """Return the exception for a status that is no success, with the server's own words."""
        if status in CLOSED:
            told = f"status {status}: {words}" if words else f"status {status}"
            return EarwitnessError(f"{self.address}: {CLOSED[status]} ({told})")
        told = f"status {status}{_quoted(words)}"
        if status in BUSY or status >= 500:
            if pause is not None and pause > LONGEST_PAUSE:
                return EarwitnessError(
                    f"{self.address}: asks for a pause of {pause:.0f} s: run again after it; what it answered is kept"
                )
            return _Passing(f"answers {told}", pause)
        return Refused(f"answers {told}", status)


def _number(digits: str) -> int | float:
    """Return a whole number; one that no count or log-probability can be becomes a float, infinite if need be."""
    return int(digits) if len(digits) < 20 else float(digits)


def _of_characters(value: object) -> object:
    """Return a JSON value with U+FFFD in place of halves of characters, which no table holds."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_of_characters(item) for item in value]
    if isinstance(value, dict):
        return {_of_characters(key): _of_characters(item) for key, item in value.items()}
    return value


def _quoted(words: str) -> str:
    return f" ({words})" if words else ""


def _stated_status(error: Field) -> int:
    """Return the status that an error object states; 400 if it states none."""
    code = error.value.get("code") if isinstance(error.value, dict) else None
    text = str(code)
    return int(text) if re.fullmatch("[45][0-9]{2}", text) else 400


def _headers(kind: str) -> dict[str, str]:
    headers = {"Content-Type": kind}
    if key := os.environ.get(KEY, "").strip():
        if not (key.isascii() and key.isprintable()):  # httpx's message would show it
            raise EarwitnessError(f"{KEY}: holds characters that no key has: set it again")
        headers["Authorization"] = f"Bearer {key}"
    return headers


def _stated_pause(header: str) -> float | None:
    """Return the seconds that a ``Retry-After`` header states, as a number or as a date; None if it states neither."""
    if re.fullmatch(r"\d+(\.\d+)?", header):
        return float(header)
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
