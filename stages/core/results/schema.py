"""The published JSON Schema of all results: ``python -m stages.core.results.schema`` writes it.

One file a version. A key that is added, with a default, keeps the version; one that is dropped or changes its meaning
raises it, and the old file stays.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from stages.core.results.backdoor import BackdoorResult, ScanResult
from stages.core.results.leakage import LeakageResult
from stages.core.results.membership import Judgement, MembershipResult
from stages.core.store.jsonfile import write_text

VERSION = 1
PATH = Path(f"docs/schema/results.v{VERSION}.json")
PUBLISHED = (MembershipResult, Judgement, LeakageResult, BackdoorResult, ScanResult)
"""An audit's `details.json`, what `judge` returns, and what leakage, an experiment and a scan find."""


def schema() -> dict[str, Any]:
    """Return the schema: each published result by its name under ``$defs``, and any of them at the top."""
    places, found = models_json_schema(
        [(model, "serialization") for model in PUBLISHED], title=f"earwitness results, version {VERSION}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "anyOf": [places[model, "serialization"] for model in PUBLISHED],
    }


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write_text(PATH, schema_text())
