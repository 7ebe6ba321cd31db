"""The published JSON Schema of all results: ``python -m stages.core.results.schema`` writes it.

Each version has its own file. A new key with a default keeps the version. If a key is dropped or changes its meaning,
the version goes up, and the file of the old version stays.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from stages.core.results.backdoor import BackdoorResult, ScanResult
from stages.core.results.corpus import CorpusSummary
from stages.core.results.leakage import LeakageResult
from stages.core.results.membership import Judgement, MembershipResult
from stages.core.store.jsonfile import write_text

VERSION = 1
PATH = Path(f"docs/schema/results.v{VERSION}.json")
PUBLISHED = (MembershipResult, Judgement, LeakageResult, BackdoorResult, ScanResult, CorpusSummary)
"""An audit's `details.json`, what `judge` returns, the results of a leakage audit, an experiment and a scan, and a
corpus's `summary.json`."""


def schema() -> dict[str, Any]:
    """Return the schema: ``$defs`` defines each published result by name, and the top level accepts any of them."""
    places, found = models_json_schema(
        [(model, "serialization") for model in PUBLISHED], title=f"earwitness results, version {VERSION}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "anyOf": [places[model, "serialization"] for model in PUBLISHED],
    }


def schema_text() -> str:
    """Return the text of the published schema."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write_text(PATH, schema_text())
