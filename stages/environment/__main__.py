"""``python -m stages.environment``: write the libraries' versions, and for every corpus what lies behind its links."""

from __future__ import annotations

import json
from pathlib import Path

from stages.core.folders import files_below
from stages.core.jsonfile import artifact, write_json
from stages.core.params import Params
from stages.core.stage import run_stage
from stages.environment.links import Known, digest_files, listing
from stages.environment.versions import environment


def main(_: str, params: Params) -> None:
    """Write the versions with sorted keys, and a list for each declared corpus, empty where it has no such links."""
    write_json(Path("data/environment.json"), environment())
    for name in params.corpora:
        folder, memory = artifact("raw", name), Path(".cache/links", f"{name}.json")
        known = _remembered(memory)
        files = digest_files(folder, (found.path for found in files_below(folder) if found.linked), known)
        if files != known:
            write_json(memory, files)
        write_json(artifact("environment", "links", f"{name}.json"), listing(files))


def _remembered(memory: Path) -> Known:
    """Return what an earlier run found. A memory that is missing or broken costs only that every file is read."""
    try:
        content = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


if __name__ == "__main__":
    run_stage("environment", main)
