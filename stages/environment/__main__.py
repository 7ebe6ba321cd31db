"""``python -m stages.environment``: write versions of libraries and code, declared names, and lists of linked files."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from stages.core.run.discovery import stage_names
from stages.core.run.stage import run_stage
from stages.core.store.codeversion import stage_code
from stages.core.store.folders import files_below
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.environment.links import Known, digest_files, listing
from stages.environment.params import EnvironmentParams
from stages.environment.versions import environment

STAGE = "environment"


def main(_: str, params: EnvironmentParams) -> None:
    """Write versions and names with sorted keys; for each declared corpus, its settings and a list of linked files."""
    write_json(Path("data/environment.json"), environment())
    names = {"attribute_leakage": list(params.attribute_leakage.audits), "backdoor": list(params.backdoor.experiments)}
    write_json(artifact(STAGE, "declared.json"), names)
    stages = [stage for stage in stage_names() if stage != STAGE]
    for stage in stages:
        write_json(artifact(STAGE, "code", f"{stage}.json"), stage_code(stage))
    _remove_all_but(stages, artifact(STAGE, "code"))
    for name, corpus in params.corpora.items():
        if (found := _pulled(name)) is not None:
            write_json(artifact(STAGE, "corpora", f"{name}.json"), {"settings": corpus.ingested(), "linked": found})
            continue
        folder, memory = artifact("raw", name), Path(".cache/links", f"{name}.json")
        known = _remembered(memory)
        files = digest_files(folder, (found.path for found in files_below(folder) if found.linked), known)
        if files != known:
            write_json(memory, files)
        found = {"settings": corpus.ingested(), "linked": listing(files)}
        write_json(artifact(STAGE, "corpora", f"{name}.json"), found)
    _remove_all_but(params.corpora, artifact(STAGE, "corpora"))


def _pulled(name: str) -> object:
    """Return what the stage `corpus` knew of linked files where the clips were made, if the recordings are not here.

    In a clone whose clips were pulled from a DVC remote, the stage `corpus` then counts as unchanged.
    """
    kept = artifact("corpus", name, "recordings.json")
    return read_json(kept)["linked"] if not artifact("raw", name).exists() and kept.is_file() else None


def _remove_all_but(names: Collection[str], folder: Path) -> None:
    """Remove the files of stages or corpora that no longer exist, because DVC hashes the folder as a whole."""
    for file in folder.glob("*.json"):
        if file.stem not in names:
            file.unlink()


def _remembered(memory: Path) -> Known:
    """Return the files that an earlier run found; if its list is missing or damaged, every file is read again."""
    try:
        content = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


if __name__ == "__main__":
    run_stage(STAGE, main, EnvironmentParams)
