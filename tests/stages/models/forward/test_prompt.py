"""Prompts depend on the checkpoint alone."""

from __future__ import annotations

from stages.models.forward.prompt import Chat, build_prompt, end_token, has_system_turn
from tests.stages.models.small import AUDIO, tokenizer

TURNS = (
    "{% for m in messages %}{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for part in m['content'] %}"
    "{% if part['type'] == 'audio' %}<|audio|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% endfor %}"
)
ALTERNATING = (
    "{% for m in messages[1:] %}{% if m['role'] == 'user' and messages[loop.index0]['role'] == 'user' %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}" + TURNS
)


def chat(template: str) -> Chat:
    tokens = tokenizer(AUDIO)
    return Chat(tokens, template, tokens.convert_tokens_to_ids(AUDIO))


def test_a_template_that_writes_the_day_is_told_one_day() -> None:
    stated = chat("01 Jan 2025 00:" + TURNS)
    told = chat("{{ strftime_now('%d %b %Y %H:') }}" + TURNS)
    assert build_prompt(told, "Write.") == build_prompt(stated, "Write.")
    assert end_token(told) == end_token(stated)


def test_a_template_that_refuses_two_turns_of_the_user_has_a_system_turn() -> None:
    assert has_system_turn(chat(ALTERNATING))
    assert not has_system_turn(chat(TURNS))
