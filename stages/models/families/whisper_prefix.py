"""The tokens before a Whisper answer: start, language, task, no timestamps (arXiv 2212.04356, section 2.3).

They are those that `generate` of `transformers` begins with, given the same language and task. Old fine-tunes state
them only as `forced_decoder_ids`, or state nothing; then the tokenizer has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

from stages.core.errors import EarwitnessError
from stages.models.forward.parts import Parts

MULTILINGUAL = 51865
"""Smallest vocabulary of a multilingual checkpoint; a checkpoint that does not state its languages is told by it."""
UNTIMED = "<|notimestamps|>"


@dataclass(frozen=True)
class AnswerPrefix:
    """What stands before every answer.

    Attributes
    ----------
    start : int
    language : int or None
        None if there is none, or if it is to be detected.
    detected : list of int
        The languages of which the most probable is taken if none is stated; empty if nothing is to be detected.
    after : list of int
        What follows the language.
    """

    start: int
    language: int | None
    detected: list[int]
    after: list[int]

    def tokens(self) -> list[int]:
        """Return every token that a prefix may hold."""
        return [self.start, *([] if self.language is None else [self.language]), *self.detected, *self.after]


def answer_prefix(parts: Parts) -> AnswerPrefix:
    """Return the prefix that a checkpoint and the options of its target state.

    Parameters
    ----------
    parts : Parts
        Its options hold language and task. An empty language is the checkpoint's own.

    Raises
    ------
    EarwitnessError
        If the checkpoint does not have the language or the task, or is for English alone and is told either.
    """
    settings, config, options = parts.model.generation_config, parts.model.config, parts.options
    start = _first(getattr(settings, "decoder_start_token_id", None), config.decoder_start_token_id)
    forced = _forced(settings, config)
    untimed = _first(getattr(settings, "no_timestamps_token_id", None), _token(parts.tokenizer, UNTIMED))
    if not _is_multilingual(settings, config, forced):
        if options.language or options.task != "transcribe":
            key = "language" if options.language else "task"
            raise EarwitnessError(f"targets.<name>.{key}: this Whisper knows English alone and is told none: remove it")
        after = [token for token in forced if token is not None]
        return AnswerPrefix(start, None, [], [*after, *([] if untimed in (None, *after[-1:]) else [untimed])])
    languages = _languages(settings, parts.tokenizer)
    language = _language(options.language or getattr(settings, "language", None), languages)
    if language is None and forced:
        language = forced[0]
    task = (getattr(settings, "task_to_id", None) or {}).get(options.task)
    task = _first(task, _token(parts.tokenizer, f"<|{options.task}|>"))
    if task is None and options.task != "transcribe":
        raise EarwitnessError(f"targets.<name>.task: this Whisper has no token for {options.task!r}: remove it")
    detected = sorted(languages.values()) if language is None else []
    return AnswerPrefix(start, language, detected, [token for token in (task, untimed) if token is not None])


def _is_multilingual(settings: Any, config: Any, forced: list[int | None]) -> bool:
    stated = getattr(settings, "is_multilingual", None)
    if stated is not None:
        return bool(stated)
    return bool(getattr(settings, "lang_to_id", None)) or len(forced) > 1 or config.vocab_size >= MULTILINGUAL


def _forced(settings: Any, config: Any) -> list[int | None]:
    """Return the forced tokens at positions 1, 2, and so on; None is a language that is to be detected."""
    stated = getattr(settings, "forced_decoder_ids", None) or getattr(config, "forced_decoder_ids", None) or []
    at = {int(position): token for position, token in stated}
    return [at[position] for position in range(1, len(at) + 1) if position in at]


def _languages(settings: Any, tokenizer: Any) -> dict[str, int]:
    """Return the tokens of the checkpoint's languages by their codes."""
    stated = getattr(settings, "lang_to_id", None)
    if stated:
        return {token.strip("<|>"): int(number) for token, number in stated.items()}
    found = {code: _token(tokenizer, f"<|{code}|>") for code in TO_LANGUAGE_CODE.values()}
    return {code: number for code, number in found.items() if number is not None}


def _language(name: object, languages: dict[str, int]) -> int | None:
    if not isinstance(name, str):
        return None
    wanted = name.lower().strip("<|>")
    code = TO_LANGUAGE_CODE.get(wanted, wanted)
    if code not in languages:
        raise EarwitnessError(
            f"targets.<name>.language: this Whisper has no language {name!r}: use one of {', '.join(sorted(languages))}"
        )
    return languages[code]


def _token(tokenizer: Any, token: str) -> int | None:
    number = tokenizer.convert_tokens_to_ids(token)
    return None if number is None or number == tokenizer.unk_token_id else int(number)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
