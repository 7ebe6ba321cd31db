"""The direct question about the words alone: it shows how much of an answer comes from the words, not from the voice.

The words stand in the prompt. The sound is silence as long as the clip, because many processors refuse a prompt without
sound, and such a prompt would differ in more than the voice. The target therefore still knows the length of the clip,
and with it how fast the person speaks. Where this gives an attribute away, it counts for the words: the error is on the
cautious side.
"""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition
from stages.models.questions import with_options


@condition("transcript", sound="silence_of_clip")
def prompt(question: Question) -> AskedPrompt:
    """Quote the words, then ask as in `direct`."""
    return AskedPrompt(f'The speaker says: "{question.transcript}" {with_options(question.text, question.options)}')
