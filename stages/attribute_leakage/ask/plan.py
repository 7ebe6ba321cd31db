"""Plan the questions: every attribute of every clip that has its label, under every prompting condition.

The order of the options rotates from clip to clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stages.attribute_leakage.ask import conditions  # noqa: F401 (registers them)
from stages.attribute_leakage.ask.condition import CONDITIONS, AskedPrompt, PromptCondition, Question
from stages.attribute_leakage.ask.heard import NamedSound, silence
from stages.attribute_leakage.ask.subjects import SpeakerClip
from stages.attribute_leakage.params import AttributeLeakage
from stages.core.run.randomness import seed_of
from stages.core.sound.audio import RATE
from stages.models.questions import rotated


@dataclass(frozen=True)
class Ask:
    """One question with its prompt and its sound.

    Attributes
    ----------
    clip_id : str
        For a question about no clip: the length of the silence and the rotation of the options.
    attribute, condition : str
    options : tuple of str
        In the order in which the prompt names them.
    prompt : AskedPrompt
    heard : NamedSound
    label : str or None
        The ground truth; None for silence.
    """

    clip_id: str
    attribute: str
    condition: str
    options: tuple[str, ...]
    prompt: AskedPrompt
    heard: NamedSound
    label: str | None


def plan(
    subjects: Sequence[SpeakerClip],
    options: Mapping[str, tuple[str, ...]],
    lengths: Mapping[str, int],
    asked: AttributeLeakage,
    seed: int,
) -> list[Ask]:
    """Return all questions. Questions about one clip stand next to each other.

    Parameters
    ----------
    subjects : sequence of SpeakerClip
    options : mapping of str to tuple of str
        By attribute.
    lengths : mapping of str to int
        Number of samples of each clip.
    asked : AttributeLeakage
    seed : int
    """
    chosen = [(name, CONDITIONS[name]) for name in asked.conditions]
    asks = [
        _about(subject, attribute, name, condition, options[attribute], lengths, asked, seed)
        for subject in subjects
        for name, condition in chosen
        for attribute in options
        if attribute in subject.labels and condition.sound != "silences"
    ]
    for name, condition in chosen:
        if condition.sound == "silences":
            asks += _about_silences(name, condition, options, asked)
    return asks


def _about(
    subject: SpeakerClip,
    attribute: str,
    name: str,
    condition: PromptCondition,
    options: tuple[str, ...],
    lengths: Mapping[str, int],
    asked: AttributeLeakage,
    seed: int,
) -> Ask:
    ordered = rotated(options, seed_of(seed, "attribute_leakage", attribute, subject.clip_id) % len(options))
    question = Question(asked.attributes[attribute].question, ordered, subject.text)
    sound = condition.sound
    heard = NamedSound(subject.audio_hash, subject.clip_id) if sound == "clip" else silence(lengths[subject.clip_id])
    return Ask(subject.clip_id, attribute, name, ordered, condition.prompt(question), heard, subject.labels[attribute])


def _about_silences(
    name: str, condition: PromptCondition, options: Mapping[str, tuple[str, ...]], asked: AttributeLeakage
) -> Iterator[Ask]:
    for seconds in sorted(set(asked.silence_seconds)):
        heard = silence(round(seconds * RATE))
        for attribute, named in options.items():
            for step in range(len(named)):
                ordered = rotated(named, step)
                question = Question(asked.attributes[attribute].question, ordered, "")
                where = f"silence of {seconds:g} s, rotated by {step}"
                yield Ask(where, attribute, name, ordered, condition.prompt(question), heard, None)
