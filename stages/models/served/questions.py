"""What a served model is asked: a chat of one sound and one instruction, in OpenAI's format."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import soundfile

from stages.core.sound.audio import RATE, to_pcm16
from stages.models.adapter import Query
from stages.models.served.client import Question


def question_of(served: str, query: Query, max_tokens: int, **more: object) -> Question:
    """Return the question to which the model gives its own answer.

    Parameters
    ----------
    served : str
        The model's name at the endpoint.
    query : Query
        Its text is not part of the question.
    max_tokens : int
    **more
        Further keys of the question.
    """
    sound = {"type": "input_audio", "input_audio": {"data": _wav(query), "format": "wav"}}
    user = {"role": "user", "content": [sound, {"type": "text", "text": query.instruction}]}
    messages = [{"role": "system", "content": query.system}, user] if query.system else [user]
    return {"model": served, "messages": messages, "temperature": 0, "max_tokens": max_tokens, **more}


def answered(question: Question, text: str) -> Question:
    """Return a question whose chat ends with a given answer, which vLLM scores as the end of the prompt."""
    messages = question["messages"]
    assert isinstance(messages, list)
    answer: Mapping[str, object] = {"role": "assistant", "content": text}
    return {
        **question,
        "messages": [*messages, answer],
        "add_generation_prompt": False,
        "continue_final_message": True,
    }


def _wav(query: Query) -> str:
    buffer = io.BytesIO()
    soundfile.write(buffer, to_pcm16(query.samples), RATE, format="WAV", subtype="PCM_16")
    return base64.b64encode(buffer.getvalue()).decode()
