"""The direct question about the words alone: what of an answer comes from what is said, not from the voice.

The words stand in the prompt, over silence that is as long as the clip: a prompt without any sound is refused by many
processors, and differs in more than the voice. The length of the clip thus remains known, as it is to whoever hears
it; an attribute that is told by how fast someone speaks may be told here too, which errs on the side of the words.
"""

from __future__ import annotations

from stages.attribute_leakage.ask.condition import AskedPrompt, Question, condition
from stages.models.questions import with_options


@condition("transcript", sound="silence_of_clip")
def prompt(question: Question) -> AskedPrompt:
    """Give the words, then ask as in `direct`."""
    return AskedPrompt(f'The speaker says: "{question.transcript}" {with_options(question.text, question.options)}')
