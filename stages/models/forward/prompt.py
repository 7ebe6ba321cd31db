"""Prompts as token ids, with the positions of audio and instruction, for models with a chat template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError

from stages.core.errors import EarwitnessError

NOW = "strftime_now"
_DAY = {"%d": "01", "%m": "01", "%Y": "2025", "%y": "25", "%B": "January", "%b": "Jan", "%A": "Wednesday", "%a": "Wed"}
_PARTS = {**_DAY, "%-d": "1", "%e": " 1", "%j": "001", "%H": "00", "%I": "12", "%M": "00", "%S": "00", "%f": "000000"}
ONE_DAY = (
    f"{{% macro {NOW}(format) %}}{{{{ format"
    + "".join(f" | replace({code!r}, {part!r})" for code, part in _PARTS.items())
    + " }}{% endmacro %}"
)
"""Stands before a template that writes the day: scores must not depend on when they are computed."""


class UnfitTemplate(EarwitnessError):
    """A chat template refuses a conversation."""


@dataclass(frozen=True)
class PromptTokens:
    """A prompt whose audio token is not yet repeated.

    Attributes
    ----------
    token_ids : list of int
        Contains one audio token.
    audio : int
        Index of the audio token.
    instruction : range
        Indices of the instruction's tokens, all after the audio.
    """

    token_ids: list[int]
    audio: int
    instruction: range

    def expanded(self, length: int) -> list[int]:
        """Return the token ids with the audio token repeated to `length` times."""
        return [*self.token_ids[: self.audio], *self.token_ids[self.audio : self.audio + 1] * length, *self.after]

    @property
    def after(self) -> list[int]:
        """The token ids after the audio."""
        return self.token_ids[self.audio + 1 :]


class Chat:
    """A tokenizer and the chat template that renders prompts.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        A fast one: its offsets map parts of a prompt to tokens.
    template : str or None
        The tokenizer refuses None.
    audio_id : int
        The placeholder token. A template for plain text receives it as part of the text.
    """

    def __init__(self, tokenizer: Any, template: str | None, audio_id: int) -> None:
        self.tokenizer = tokenizer
        self.audio_id = audio_id
        self._template = template
        self._audio = tokenizer.convert_ids_to_tokens(audio_id)
        if self._audio is None:
            raise EarwitnessError(
                f"config.json: the audio token {audio_id} is no token of the tokenizer: put the released one there"
            )

    def render(self, turns: Sequence[Mapping[str, Any]], *, answered: bool) -> str:
        """Return a conversation as text; if it has no answer yet, up to the position where the answer begins.

        Parameters
        ----------
        turns : sequence of mapping
            The user's turn holds one sound and a text.
        answered : bool
            Whether the conversation ends with an answer.
        """
        options = {"add_generation_prompt": not answered, "tokenize": False}
        try:
            rendered = self._rendered(turns, **options)
        except TypeError:  # a template that joins contents as plain text
            rendered = ""
        return rendered if self._audio in rendered else self._rendered([self._flat(turn) for turn in turns], **options)

    def _rendered(self, turns: Sequence[Mapping[str, Any]], **options: Any) -> str:
        try:
            template = self.tokenizer.get_chat_template(self._template)
            template = ONE_DAY + template if NOW in template else self._template
            return str(self.tokenizer.apply_chat_template(turns, chat_template=template, **options))
        except TemplateSyntaxError as error:
            raise EarwitnessError(
                f"the model's chat template (chat_template.jinja, or in tokenizer_config.json) is broken "
                f"(line {error.lineno}: {error.message}): put the released one there"
            ) from error
        except TypeError:
            raise
        except Exception as error:  # a template can raise anything, and the sandbox stops what a template must not do
            raise UnfitTemplate(
                "the model's chat template (chat_template.jinja, or in tokenizer_config.json) cannot write a prompt "
                f"({' '.join(str(error).split()) or type(error).__name__}): put the released one there"
            ) from error

    def _flat(self, turn: Mapping[str, Any]) -> Mapping[str, Any]:
        if isinstance(turn["content"], str):
            return turn
        parts = [self._audio if part["type"] == "audio" else part["text"] for part in turn["content"]]
        return {**turn, "content": "".join(parts)}


def build_prompt(chat: Chat, instruction: str, system: str = "") -> PromptTokens:
    """Render a user's turn of one sound and an instruction with the chat template.

    If the template has no system turn, the system text stands before the instruction and counts as part of it.

    Parameters
    ----------
    chat : Chat
    instruction : str
        If empty, the instruction has no tokens.
    system : str
        The system text; may be empty.

    Raises
    ------
    EarwitnessError
        If the template omits the instruction, does not hold exactly one sound, or puts the instruction before it.
    """
    if system and not has_system_turn(chat):
        system, instruction = "", f"{system}\n\n{instruction}"
    rendered = _render(chat, instruction, system=system)
    tokens = chat.tokenizer(rendered, add_special_tokens=False, return_offsets_mapping=True)
    ids = list(tokens["input_ids"])
    start = rendered.rfind(instruction)
    if start < 0 or ids.count(chat.audio_id) != 1:
        raise EarwitnessError(
            f"the model's chat template (chat_template.jinja, or in tokenizer_config.json) cannot hold one sound and "
            f"{instruction!r}: reword it, or put the released template there"
        )
    end, audio = start + len(instruction), ids.index(chat.audio_id)
    inside = [at for at, (low, high) in enumerate(tokens["offset_mapping"]) if low < end and high > start]
    if inside and inside[0] < audio:
        raise EarwitnessError("the model's chat template puts the instruction before the audio: not supported")
    return PromptTokens(ids, audio, range(inside[0], inside[-1] + 1) if inside else range(0))


def has_system_turn(chat: Chat) -> bool:
    """Return whether the chat template has a system turn that differs from a turn of the user."""
    told = "told before"
    try:
        rendered = _render(chat, "", system=told)
    except UnfitTemplate:  # a template that refuses unknown roles
        return False
    try:
        as_user = _render(chat, "", system=told, role="user")
    except UnfitTemplate:  # a template that refuses two turns of the user
        as_user = ""
    return told in rendered and rendered != as_user


def end_token(chat: Chat) -> int:
    """Return the token that the chat template puts after an answer, or the tokenizer's end of sequence."""
    answer = "answer"
    rendered = _render(chat, "", answer)
    after = chat.tokenizer(rendered[rendered.rfind(answer) + len(answer) :], add_special_tokens=False)["input_ids"]
    return int(after[0]) if after else int(chat.tokenizer.eos_token_id)


def _render(chat: Chat, instruction: str, answer: str | None = None, *, system: str = "", role: str = "system") -> str:
    sound = {"type": "audio", "audio_url": "sound"}  # never opened: the template only marks the sound's position
    turns: list[dict[str, Any]] = [{"role": "user", "content": [sound, {"type": "text", "text": instruction}]}]
    if system:
        turns.insert(0, {"role": role, "content": [{"type": "text", "text": system}]})
    if answer is not None:
        turns.append({"role": "assistant", "content": answer})
    return chat.render(turns, answered=answer is not None)
