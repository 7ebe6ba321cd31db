"""What a server says of an error, in one short line: its own words tell more than a status.

Servers write errors in many forms: OpenAI and vLLM (``error.message``), older vLLM and SGLang (``message``), FastAPI
(``detail``, a text or a list with the place of each fault), text-generation-inference (``error``, a text), plain text,
or a page of HTML.
"""

from __future__ import annotations

import html
import json
import os
import re

KEY = "EARWITNESS_API_KEY"
"""The environment variable that holds the key. The key is never written to disk or printed."""
LONGEST_WORDS = 200
"""Largest number of characters that are repeated of a server's message."""
_PLACES = ("message", "detail", "msg", "error", "errors", "error_description", "title", "reason")
"""Keys that hold a message, the most telling first; an object below ``error`` comes before all of them."""
_SECRETS = re.compile(r"\b(?:sk|key|pk|hf|gsk|xai)[-_][\w*.-]{6,}|(?<=Bearer )\S+", re.IGNORECASE)
_LONG_RUN = re.compile(r"[\w+/=-]{80,}")
"""Audio that a server repeats; it would hide the words around it."""


def server_words(body: str) -> str:
    """Return the message that an answer's body holds, in one line and without a key.

    Parameters
    ----------
    body : str
        JSON, HTML or plain text.

    Returns
    -------
    str
        At most `LONGEST_WORDS` characters; empty if the body says nothing.
    """
    try:
        found = message_of(json.loads(body))
    except (ValueError, RecursionError):
        found = _visible(body)
    return one_line(found)


def message_of(content: object) -> str:
    """Return the message in an error's JSON; empty if it holds none."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "; ".join(filter(None, map(message_of, content[:3])))
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("error"), dict | list):
        return message_of(content["error"]) or message_of({**content, "error": None})
    message = next(filter(None, (message_of(content.get(key)) for key in _PLACES)), "")
    place = content.get("loc")
    if message and isinstance(place, list):
        return f"{'.'.join(map(str, place))}: {message}"
    return message


def one_line(text: str) -> str:
    """Return a server's text in one line of at most `LONGEST_WORDS` characters, without a key."""
    key = os.environ.get(KEY, "").strip()
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    shown = shown.replace(key, "***") if key else shown
    shown = " ".join(_LONG_RUN.sub("...", _SECRETS.sub("***", shown)).split())
    return shown if len(shown) <= LONGEST_WORDS else f"{shown[: LONGEST_WORDS - 3].rstrip()}..."


def _visible(body: str) -> str:
    """Return the text of a page; plain text is returned as it is."""
    if not body.lstrip().startswith("<"):
        return body
    without = re.sub(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", " ", body, flags=re.DOTALL | re.IGNORECASE)
    return html.unescape(re.sub(r"<[^>]*>", " ", without))
