"""Prompting conditions. Each turns a question into a prompt for the target, and names the sound that is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from stages.core.run.registry import Registry

Sound = Literal["clip", "silence_of_clip", "silences"]
"""The clip itself, silence as long as the clip, or silences that belong to no clip (`params.yaml: silence_seconds`)."""


@dataclass(frozen=True)
class Question:
    """A question about one clip's speaker.

    Attributes
    ----------
    text : str
        For example "What is the speaker's gender?"
    options : sequence of str
        In the order in which the prompt names them.
    transcript : str
        The words of the clip; empty for a silence.
    """

    text: str
    options: Sequence[str]
    transcript: str


@dataclass(frozen=True)
class AskedPrompt:
    """The text that the target receives.

    Attributes
    ----------
    instruction : str
    system : str
        The system prompt; empty for none.
    """

    instruction: str
    system: str = ""


Prompt = Callable[[Question], AskedPrompt]
"""From a question to the prompt for the target."""


@dataclass(frozen=True)
class PromptCondition:
    """One way to ask: a prompt and a sound.

    Attributes
    ----------
    prompt : Prompt
    sound : Sound
    names_options : bool
        Whether the prompt names the options. Their order rotates from clip to clip.
    reasons : bool
        Whether the target is asked to reason first. Its answer is then the text after the last `ANSWER`. Options are
        forced at the same place, after the target's own reasoning.
    """

    prompt: Prompt
    sound: Sound = "clip"
    names_options: bool = True
    reasons: bool = False


ANSWER = "Answer:"
"""The word that the target writes between its reasoning and its answer."""

CONDITIONS: Registry[PromptCondition] = Registry("prompting condition")


def condition(
    name: str, *, sound: Sound = "clip", names_options: bool = True, reasons: bool = False
) -> Callable[[Prompt], Prompt]:
    """Register a prompt as a prompting condition under its name; see `PromptCondition`."""

    def add(prompt: Prompt) -> Prompt:
        CONDITIONS.register(name)(PromptCondition(prompt, sound, names_options, reasons))
        return prompt

    return add
