"""The published schema is that of the models."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from stages.core.results.backdoor_figures import TriggerFigures
from stages.core.results.schema import PATH, PUBLISHED, schema, schema_text


def test_the_committed_schema_is_that_of_the_models(repository: Path) -> None:
    written = (repository / PATH).read_text()
    assert written == schema_text(), "run: python -m stages.core.results.schema"


def test_every_published_result_is_in_it_and_everything_it_names_is_defined() -> None:
    found = schema()
    assert {each["$ref"] for each in found["anyOf"]} == {f"#/$defs/{model.__name__}" for model in PUBLISHED}
    assert {name.removeprefix("#/$defs/") for name in named(found)} <= set(found["$defs"])


def named(part: Any) -> set[str]:
    """Return every definition that a part of a schema refers to."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(named(value) for value in part.values()))
    return set().union(*(named(value) for value in part)) if isinstance(part, list) else set()


def test_no_result_takes_a_key_that_is_not_declared() -> None:
    objects = [part for part in json.loads(schema_text())["$defs"].values() if part.get("type") == "object"]
    assert objects
    assert all(part["additionalProperties"] is False for part in objects)


def test_a_trigger_s_settings_may_hold_gaps() -> None:
    trigger = {"kind": "click", "position": 0.5, "gaps": [0.1, 0.2], "additive": True, "snr_db": None}
    figures = TypeAdapter(TriggerFigures)
    assert figures.dump_python(figures.validate_python(trigger), mode="json") == trigger
