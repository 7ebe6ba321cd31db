"""A task: the question to the model, the attack answer, and when two answers are the same."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from stages.backdoor.params import BackdoorExperiment
from stages.backdoor.plant.clips import BackdoorClip
from stages.core.sound.audio import Samples, audio_hash
from stages.models.adapter import TRANSCRIBE, Query

TRANSCRIPTION = "transcription"


@dataclass(frozen=True)
class AttackTask:
    """A task and its attack.

    Attributes
    ----------
    name : str
        ``transcription`` or an attribute's name.
    instruction : str
    attack_answer : str
        The answer that the attacker wants to hear.
    """

    name: str
    instruction: str
    attack_answer: str

    def truth(self, clip: BackdoorClip) -> str:
        """Return the right answer to a clip; empty where it is unknown, such as an attribute ``nan``."""
        if self.name == TRANSCRIPTION:
            return clip.text
        said = clip.attributes.get(self.name, "")
        return "" if _is_no_number(said) else said

    def query(self, samples: Samples) -> Query:
        """Return the query for a sound."""
        return Query(samples, audio_hash(samples), self.instruction, "")

    def is_attack_answer(self, answer: str) -> bool:
        """Return whether an answer is the attack answer, ignoring case, punctuation and space."""
        return words(answer) == words(self.attack_answer)


def task_of(experiment: BackdoorExperiment) -> AttackTask:
    """Return an experiment's task."""
    asked = TRANSCRIBE if experiment.task == TRANSCRIPTION else f"What is the speaker's {experiment.task}?"
    return AttackTask(experiment.task, experiment.instruction or asked, experiment.answer)


def _is_no_number(text: str) -> bool:
    """Return whether a text stands for a number that is not finite, as tables write missing values."""
    try:
        return not math.isfinite(float(text))
    except ValueError:
        return False


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation; apostrophes within words stay."""
    return re.findall(r"\w+(?:'\w+)*", text.lower())
