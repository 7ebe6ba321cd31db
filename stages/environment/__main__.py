"""``python -m stages.environment``: write versions of libraries and code, declared names, what lies behind links."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.run.discovery import stage_names
from stages.core.run.stage import run_stage
from stages.core.store.codeversion import stage_code
from stages.core.store.folders import files_below
from stages.core.store.forgotten import ForgottenSpeakers
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.environment.links import linked_files
from stages.environment.params import EnvironmentParams
from stages.environment.versions import environment

STAGE = "environment"


def main(_: str, params: EnvironmentParams) -> None:
    """Write versions and names with sorted keys; for each declared corpus, its settings and its linked files' state."""
    write_json(Path("data/environment.json"), environment())
    names = {"attribute_leakage": list(params.attribute_leakage.audits), "backdoor": list(params.backdoor.experiments)}
    write_json(artifact(STAGE, "declared.json"), names)
    stages = [stage for stage in stage_names() if stage != STAGE]
    for stage in stages:
        write_json(artifact(STAGE, "code", f"{stage}.json"), stage_code(stage))
    _remove_all_but(stages, artifact(STAGE, "code"))
    for name, corpus in params.corpora.items():
        found = {"settings": corpus.ingested(), "linked": _linked(name, corpus)}
        if hashes := ForgottenSpeakers(name).hashes:
            found["forgotten"] = hashes
        write_json(artifact(STAGE, "corpora", f"{name}.json"), found)
    _remove_all_but(params.corpora, artifact(STAGE, "corpora"))


def _linked(name: str, corpus: Corpus) -> object:
    """Return the state of a corpus's linked files.

    In a clone whose clips were pulled from a DVC remote the recordings are not there. What the stage `corpus` knew of
    them where the clips were made then stands for them, so that this stage counts as unchanged.
    """
    folder, kept = artifact("raw", name), artifact("corpus", name, "recordings.json")
    if not folder.exists() and kept.is_file():
        return read_json(kept)["linked"]
    if corpus.dataset != NONE:
        folder.mkdir(parents=True, exist_ok=True)  # DVC asks for it before the stage `corpus` fetches the data set
    paths = (found.path for found in files_below(folder) if found.linked)
    return linked_files(folder, paths, Path(".cache/links", f"{name}.jsonl"))


def _remove_all_but(names: Collection[str], folder: Path) -> None:
    """Remove the files of stages or corpora that no longer exist, because DVC hashes the folder as a whole."""
    for file in folder.glob("*.json"):
        if file.stem not in names:
            file.unlink()


if __name__ == "__main__":
    run_stage(STAGE, main, EnvironmentParams)
