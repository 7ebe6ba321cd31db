"""Ask a chat endpoint, and ask again when it is busy or broken."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from stages.core.errors import EarwitnessError

KEY = "EARWITNESS_API_KEY"
"""The environment variable that holds the key, which is never written anywhere."""
LONGEST_PAUSE = 600.0
"""Seconds that an endpoint may ask to be left alone for; beyond, the run stops."""
BUSY = frozenset({408, 425, 429})
CLOSED = {401: f"refuses the key: set {KEY}", 403: f"refuses the key: set {KEY}", 404: "knows no such path or model"}


class Refused(Exception):
    """The endpoint gives no usable answer to this one question, however often it is asked."""


class _Passing(Exception):
    """What may be otherwise a moment later: its reason, and after how many seconds the endpoint says, if it does."""

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
        Of the endpoint, such as ``https://host/v1``.
    timeout : float
        Seconds after which no answer counts as none.
    tries : int
        How often a question is put in all.
    pause : float
        Seconds before the second try, doubled before each further one; an endpoint's own ``Retry-After`` goes before.
    """

    address: str
    timeout: float = 120.0
    tries: int = 6
    pause: float = 1.0

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Put one question to ``chat/completions``.

        Raises
        ------
        Refused
            If it refuses this question (a status of 400 to 499), or never gives JSON of an object.
        EarwitnessError
            If it refuses the key, asks for more than `LONGEST_PAUSE`, or is busy, broken or silent at every try: no
            other question would fare better.
        """
        failure = _Passing("")
        for attempt in range(self.tries):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1) if failure.pause is None else failure.pause)
            try:
                return self._once(question)
            except _Passing as passing:
                failure = passing
        if failure.answered:
            raise Refused(f"{failure} {self.tries} times")
        raise EarwitnessError(
            f"{self.address}: {failure}, {self.tries} times: run again when it is back; what it answered is kept"
        )

    def _once(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(self._request(question), timeout=self.timeout) as response:  # noqa: S310
                content = json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise self._failure(error) from error
        except (OSError, http.client.HTTPException) as error:  # no connection, no answer in time, or one broken off
            raise _Passing(f"gives no answer ({getattr(error, 'reason', None) or error or type(error)})") from error
        except ValueError as error:
            raise _Passing("answers what is not JSON", answered=True) from error
        if not isinstance(content, dict):
            raise _Passing("answers what is no JSON object", answered=True)
        return content

    def _request(self, question: dict[str, Any]) -> urllib.request.Request:
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        url = f"{self.address}/chat/completions"
        return urllib.request.Request(url, json.dumps(question).encode(), headers, method="POST")  # noqa: S310

    def _failure(self, error: urllib.error.HTTPError) -> Exception:
        if error.code in CLOSED:
            return EarwitnessError(f"{self.address}: {CLOSED[error.code]} (status {error.code})")
        if error.code in BUSY or error.code >= 500:
            pause = _stated_pause(str(error.headers.get("Retry-After", "")))
            if pause is not None and pause > LONGEST_PAUSE:
                return EarwitnessError(
                    f"{self.address}: asks for a pause of {pause:.0f} s: run again after it; what it answered is kept"
                )
            return _Passing(f"answers status {error.code}", pause)
        return Refused(f"answers status {error.code}")


def _stated_pause(header: str) -> float | None:
    """Return the seconds that a ``Retry-After`` states, as a number or as a date; None if it states none."""
    if re.fullmatch(r"\d+(\.\d+)?", header):
        return float(header)
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
