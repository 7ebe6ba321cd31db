"""What stands before a forced option where the target reasons first."""

from pathlib import Path

import pytest

from stages.attribute_leakage.ask.answering import Reply
from stages.attribute_leakage.ask.condition import AskedPrompt
from stages.attribute_leakage.ask.heard import silence
from stages.attribute_leakage.ask.interview import Interview
from stages.attribute_leakage.ask.plan import Ask
from stages.models.adapter import Query
from tests.stages.attribute_leakage.scripted import SCRIPT, Scripted, record

OPTIONS = ("female", "male")


@pytest.mark.parametrize("written", ["Answer: male", "answer: male", "ANSWER:"])
def test_an_option_is_forced_where_the_answer_is_read(place: Path, written: str) -> None:
    forced: list[str] = []

    def say(query: Query) -> str:
        forced.append(query.text)
        return "female"

    SCRIPT["say"] = say
    ask = Ask("c00", "gender", "chain_of_thought", OPTIONS, AskedPrompt("Which?"), silence(160), "male")
    with Interview(record("target"), lambda _: pytest.fail("no clip"), 8, 2, lambda _: Scripted()) as interview:
        interview.constrained([ask], [Reply(f"A low voice.\n{written}")])
    assert forced == [f"A low voice.\nAnswer: {option}" for option in OPTIONS]
