"""A system text is a turn where the chat template has one, and stands before the instruction where it has none."""

import numpy as np
import pytest
import torch

from stages.lab_target.build import AUDIO, CHAT_TEMPLATE, build_adapter, byte_tokenizer
from stages.models.adapter import Query
from stages.models.forward.prompt import Chat, build_prompt, has_system_turn

WITH_TURN = "{% if messages[0]['role'] == 'system' %}[{{ messages[0]['content'][0]['text'] }}]{% endif %}" + (
    CHAT_TEMPLATE.replace("for message in messages", "for message in messages if message['role'] != 'system'")
)
REFUSING = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHAT_TEMPLATE


def chatting(template: str) -> Chat:
    tokenizer = byte_tokenizer()
    return Chat(tokenizer, template, tokenizer.convert_tokens_to_ids(AUDIO))


def rendered(template: str, system: str) -> tuple[str, str]:
    """Return the whole prompt and what counts as its instruction."""
    chat = chatting(template)
    prompt = build_prompt(chat, "Who is it?", system)
    inside = prompt.token_ids[prompt.instruction.start : prompt.instruction.stop]
    return chat.tokenizer.decode(prompt.token_ids), chat.tokenizer.decode(inside)


@pytest.mark.parametrize(("template", "turn"), [(WITH_TURN, True), (CHAT_TEMPLATE, False), (REFUSING, False)])
def test_which_templates_have_a_turn(template: str, turn: bool) -> None:
    assert has_system_turn(chatting(template)) is turn


def test_a_turn_stands_before_the_user_s() -> None:
    whole, instruction = rendered(WITH_TURN, "Be discreet.")
    assert whole.startswith("[Be discreet.]")
    assert instruction == "Who is it?"


def test_without_a_turn_the_text_is_part_of_the_instruction() -> None:
    whole, instruction = rendered(CHAT_TEMPLATE, "Be discreet.")
    assert instruction == "Be discreet.\n\nWho is it?"
    assert whole.count("Be discreet.") == 1


def test_no_system_text_leaves_a_prompt_as_it_was() -> None:
    assert rendered(WITH_TURN, "")[0] == rendered(CHAT_TEMPLATE, "")[0]


def test_what_a_target_is_told_first_changes_what_it_answers() -> None:
    adapter = build_adapter(7)
    sound = np.random.default_rng(7).normal(0, 0.1, 16000).astype(np.float32)
    plain, told = (
        adapter.forced([Query(sound, "a", "Who is it?", "male", system)], ["transcript"])[0]
        for system in ("", "Be discreet.")
    )
    assert adapter.system_turn is False
    assert not torch.allclose(plain.logits["transcript"], told.logits["transcript"])
    both = adapter.forced(
        [Query(sound, "a", "Who is it?", "male", system) for system in ("", "Be discreet.")], ["transcript"]
    )
    assert torch.allclose(both[1].logits["transcript"], told.logits["transcript"], atol=1e-4)
