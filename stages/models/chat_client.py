"""Send questions to a chat endpoint, with retries when it is busy or fails."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from stages.core.errors import EarwitnessError

KEY = "EARWITNESS_API_KEY"
"""The environment variable that holds the key. The key is never written to disk or printed."""
LONGEST_PAUSE = 600.0
"""Longest pause, in seconds, that an endpoint may ask for; the run stops if it asks for a longer one."""
BUSY = frozenset({408, 425, 429})
CLOSED = {401: f"refuses the key: set {KEY}", 403: f"refuses the key: set {KEY}", 404: "knows no such path or model"}


class Refused(Exception):
    """The endpoint gives no usable answer to this one question; further attempts would not help."""


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
        Seconds to wait for an answer.
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

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send one question to ``chat/completions``.

        Raises
        ------
        Refused
            If the endpoint refuses this question (a status below 500 that is not a success), or if it never answers
            with a JSON object.
        EarwitnessError
            If the endpoint refuses the key, asks for a pause longer than `LONGEST_PAUSE`, or is busy, fails or does
            not answer at every attempt. Other questions would fail in the same way.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(self.tries),
            wait=self._pause_after,
            reraise=True,
        )
        try:
            return retrying(self._once, question)
        except _Passing as failure:
            if failure.answered:
                raise Refused(f"{failure} {self.tries} times") from failure
            raise EarwitnessError(
                f"{self.address}: {failure}, {self.tries} times: run again when it is back; what it answered is kept"
            ) from failure

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

    def _once(self, question: dict[str, Any]) -> dict[str, Any]:
        url, headers = f"{self.address}/chat/completions", _headers()
        try:
            response = self._connection.post(url, content=json.dumps(question), headers=headers)
        except (httpx.RequestError, httpx.InvalidURL) as error:  # no connection, no answer in time, or one cut off
            raise _Passing(f"gives no answer ({str(error) or type(error).__name__})") from error
        if not response.is_success:
            raise self._failure(response)
        try:
            content = response.json()
        except ValueError as error:
            raise _Passing("answers what is not JSON", answered=True) from error
        if not isinstance(content, dict):
            raise _Passing("answers what is no JSON object", answered=True)
        return content

    def _failure(self, response: httpx.Response) -> Exception:
        status = response.status_code
        if status in CLOSED:
            return EarwitnessError(f"{self.address}: {CLOSED[status]} (status {status})")
        if status in BUSY or status >= 500:
            pause = _stated_pause(response.headers.get("Retry-After", ""))
            if pause is not None and pause > LONGEST_PAUSE:
                return EarwitnessError(
                    f"{self.address}: asks for a pause of {pause:.0f} s: run again after it; what it answered is kept"
                )
            return _Passing(f"answers status {status}", pause)
        return Refused(f"answers status {status}")


def _headers() -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
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
