"""What a condition makes of a question: the text that is put to the target, and the sound it is put with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from stages.core.run.registry import Registry

Sound = Literal["clip", "silence_of_clip", "silences"]
"""The clip; silence as long as the clip; or silences of the lengths in params, which belong to no clip."""


@dataclass(frozen=True)
class Question:
    """A question about one clip's speaker.

    Attributes
    ----------
    text : str
        Such as "What is the speaker's gender?"
    options : sequence of str
        In the order in which they are named.
    transcript : str
        What the clip says; empty for a silence.
    """

    text: str
    options: Sequence[str]
    transcript: str


@dataclass(frozen=True)
class AskedPrompt:
    """What the target is asked.

    Attributes
    ----------
    instruction : str
    system : str
        What it is told before; empty where nothing is.
    """

    instruction: str
    system: str = ""


Prompt = Callable[[Question], AskedPrompt]
"""From a question to what the target is asked."""


@dataclass(frozen=True)
class PromptCondition:
    """One way of asking.

    Attributes
    ----------
    prompt : Prompt
    sound : Sound
    names_options : bool
        Whether the prompt names the options, in an order that is rotated from clip to clip.
    reasons : bool
        Whether the target is to reason first: its answer then stands behind the last `ANSWER`, and an option is forced
        there, after the target's own reasoning.
    """

    prompt: Prompt
    sound: Sound = "clip"
    names_options: bool = True
    reasons: bool = False


ANSWER = "Answer:"
"""What a target that reasons writes before its answer."""

CONDITIONS: Registry[PromptCondition] = Registry("condition of a question")


def condition(
    name: str, *, sound: Sound = "clip", names_options: bool = True, reasons: bool = False
) -> Callable[[Prompt], Prompt]:
    """Register a prompt as a condition under its name; see `PromptCondition`."""

    def add(prompt: Prompt) -> Prompt:
        CONDITIONS.register(name)(PromptCondition(prompt, sound, names_options, reasons))
        return prompt

    return add
