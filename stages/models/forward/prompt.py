"""Prompts as token ids, with the places of audio and instruction, for models that a chat template prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from stages.core.errors import EarwitnessError


@dataclass(frozen=True)
class PromptTokens:
    """A prompt before its audio token is repeated.

    Attributes
    ----------
    token_ids : list of int
        With one audio token.
    audio : int
        Index of the audio token.
    instruction : range
        Indices of the instruction's tokens, all after the audio.
    """

    token_ids: list[int]
    audio: int
    instruction: range

    def expanded(self, length: int) -> list[int]:
        """Return the token ids with the audio token `length` times."""
        return [*self.token_ids[: self.audio], *self.token_ids[self.audio : self.audio + 1] * length, *self.after]

    @property
    def after(self) -> list[int]:
        """The token ids after the audio."""
        return self.token_ids[self.audio + 1 :]


class Chat:
    """A tokenizer and the chat template that prompts are rendered by.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Fast: its offsets tell which tokens a part of a prompt became.
    template : str or None
        None is refused by the tokenizer.
    audio_id : int
        The placeholder: templates for plain text take it as a part of the text.
    """

    def __init__(self, tokenizer: Any, template: str | None, audio_id: int) -> None:
        self.tokenizer = tokenizer
        self.audio_id = audio_id
        self._template = template
        self._audio = tokenizer.convert_ids_to_tokens(audio_id)

    def render(self, turns: Sequence[Mapping[str, Any]], *, answered: bool) -> str:
        """Return a conversation as text; unless it is answered, up to where the answer begins.

        Parameters
        ----------
        turns : sequence of mapping
            Of whom the user's holds one sound and a text.
        answered : bool
        """
        options = {"add_generation_prompt": not answered, "tokenize": False}
        try:
            rendered = self._rendered(turns, **options)
        except TypeError:  # such a template joins contents as texts
            rendered = ""
        return rendered if self._audio in rendered else self._rendered([self._flat(turn) for turn in turns], **options)

    def _rendered(self, turns: Sequence[Mapping[str, Any]], **options: Any) -> str:
        return str(self.tokenizer.apply_chat_template(turns, chat_template=self._template, **options))

    def _flat(self, turn: Mapping[str, Any]) -> Mapping[str, Any]:
        if isinstance(turn["content"], str):
            return turn
        parts = [self._audio if part["type"] == "audio" else part["text"] for part in turn["content"]]
        return {**turn, "content": "".join(parts)}


def build_prompt(chat: Chat, instruction: str, system: str = "") -> PromptTokens:
    """Render a user's turn of one sound and an instruction by the chat template.

    Where the template has no system turn, the system text stands before the instruction and counts as part of it.

    Parameters
    ----------
    chat : Chat
    instruction : str
        May be empty: then no token is the instruction's.
    system : str
        What the model is told first; may be empty.

    Raises
    ------
    EarwitnessError
        If the template leaves out the instruction or puts it before the audio.
    """
    if system and not has_system_turn(chat):
        system, instruction = "", f"{system}\n\n{instruction}"
    rendered = _render(chat, instruction, system=system)
    tokens = chat.tokenizer(rendered, add_special_tokens=False, return_offsets_mapping=True)
    ids = list(tokens["input_ids"])
    start = rendered.rfind(instruction)
    if start < 0 or ids.count(chat.audio_id) != 1:
        raise EarwitnessError(f"the model's chat template cannot hold one sound and {instruction!r}: reword it")
    end, audio = start + len(instruction), ids.index(chat.audio_id)
    inside = [at for at, (low, high) in enumerate(tokens["offset_mapping"]) if low < end and high > start]
    if inside and inside[0] < audio:
        raise EarwitnessError("the model's chat template puts the instruction before the audio: not supported")
    return PromptTokens(ids, audio, range(inside[0], inside[-1] + 1) if inside else range(0))


def has_system_turn(chat: Chat) -> bool:
    """Return whether the chat template has a system turn that is not just another turn of the user."""
    told = "told before"
    try:
        rendered = _render(chat, "", system=told)
    except TemplateError:  # such a template refuses roles that it does not know
        return False
    return told in rendered and rendered != _render(chat, "", system=told, role="user")


def end_token(chat: Chat) -> int:
    """Return the token that the chat template puts after an answer, or the tokenizer's end of sequence."""
    answer = "answer"
    rendered = _render(chat, "", answer)
    after = chat.tokenizer(rendered[rendered.rfind(answer) + len(answer) :], add_special_tokens=False)["input_ids"]
    return int(after[0]) if after else int(chat.tokenizer.eos_token_id)


def _render(chat: Chat, instruction: str, answer: str | None = None, *, system: str = "", role: str = "system") -> str:
    sound = {"type": "audio", "audio_url": "sound"}  # never opened: the template only marks its place
    turns: list[dict[str, Any]] = [{"role": "user", "content": [sound, {"type": "text", "text": instruction}]}]
    if system:
        turns.insert(0, {"role": role, "content": [{"type": "text", "text": system}]})
    if answer is not None:
        turns.append({"role": "assistant", "content": answer})
    return chat.render(turns, answered=answer is not None)
