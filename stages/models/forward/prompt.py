"""Prompts as token ids, with the places of audio and instruction, for models whose processor has a chat template."""

from __future__ import annotations

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


def build_prompt(processor: Any, audio_id: int, instruction: str, system: str = "") -> PromptTokens:
    """Render a user's turn of one sound and an instruction by the processor's chat template.

    Where the template has no system turn, the system text stands before the instruction and counts as part of it.

    Parameters
    ----------
    processor : transformers.ProcessorMixin
        With a fast tokenizer, whose offsets tell which tokens the instruction became.
    audio_id : int
        The token that stands for a position of audio.
    instruction : str
        May be empty: then no token is the instruction's.
    system : str
        What the model is told first; may be empty.

    Raises
    ------
    EarwitnessError
        If the template leaves out the instruction or puts it before the audio.
    """
    if system and not has_system_turn(processor):
        system, instruction = "", f"{system}\n\n{instruction}"
    rendered = _render(processor, instruction, system=system)
    tokens = processor.tokenizer(rendered, add_special_tokens=False, return_offsets_mapping=True)
    ids = list(tokens["input_ids"])
    start = rendered.rfind(instruction)
    if start < 0 or ids.count(audio_id) != 1:
        raise EarwitnessError(f"the model's chat template cannot hold one sound and {instruction!r}: reword it")
    end, audio = start + len(instruction), ids.index(audio_id)
    inside = [at for at, (low, high) in enumerate(tokens["offset_mapping"]) if low < end and high > start]
    if inside and inside[0] < audio:
        raise EarwitnessError("the model's chat template puts the instruction before the audio: not supported")
    return PromptTokens(ids, audio, range(inside[0], inside[-1] + 1) if inside else range(0))


def has_system_turn(processor: Any) -> bool:
    """Return whether the chat template has a system turn that is not just another turn of the user."""
    told = "told before"
    try:
        rendered = _render(processor, "", system=told)
    except TemplateError:  # such a template refuses roles that it does not know
        return False
    return told in rendered and rendered != _render(processor, "", system=told, role="user")


def end_token(processor: Any) -> int:
    """Return the token that the chat template puts after an answer, or the tokenizer's end of sequence."""
    answer = "answer"
    rendered = _render(processor, "", answer)
    after = processor.tokenizer(rendered[rendered.rfind(answer) + len(answer) :], add_special_tokens=False)["input_ids"]
    return int(after[0]) if after else int(processor.tokenizer.eos_token_id)


def _render(
    processor: Any, instruction: str, answer: str | None = None, *, system: str = "", role: str = "system"
) -> str:
    sound = {"type": "audio", "audio_url": "sound"}  # never opened: the template only marks its place
    turns: list[dict[str, Any]] = [{"role": "user", "content": [sound, {"type": "text", "text": instruction}]}]
    if system:
        turns.insert(0, {"role": role, "content": [{"type": "text", "text": system}]})
    if answer is not None:
        turns.append({"role": "assistant", "content": answer})
    return str(processor.apply_chat_template(turns, add_generation_prompt=answer is None, tokenize=False))
