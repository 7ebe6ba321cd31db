"""``python -m stages.target --target NAME``: a model's files → ``data/target/NAME/target.json``.

The stage always runs, so it first looks at size and time of the files; only if these changed, or a setting, code or
library that the record depends on, does it import torch, hash the weights and check that audio reaches the model.
"""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from stages.core.artifacts import artifact, read_json, write_json
from stages.core.codeversion import code_version, library_versions
from stages.core.params import Params
from stages.core.stage import require_declared, run_stage
from stages.target.hashing import checkpoint_files, quick_look
from stages.target.places import Place, find
from stages.target.record import TargetRecord, write_record


def work(name: str, params: Params) -> None:
    """Pin and check one target."""
    require_declared(dict(params.targets), "targets", name)
    place = find(name, params.targets[name])
    state = {
        "look": quick_look(checkpoint_files(place.folder)) if place.folder else [],
        "depends": [params.targets[name].model_dump(), params.target.model_dump(), params.seed],
        "code": _code(),
    }
    kept = Path(".cache/target", f"{name}.json")
    known = read_json(kept) if kept.exists() else {}
    if {key: known.get(key) for key in state} == state:
        record = TargetRecord.model_validate(known["record"])
    else:
        record = _checked(name, place, params)
        write_json(kept, {**state, "record": record.model_dump()})
    if not record.audible:
        print(f"target@{name}: audio does not reach it: its audits will say not_audible", flush=True)
    if _written(name) != record.model_dump():
        write_record(record)


def _code() -> list[str]:
    """Return the versions of all that checks a target; any adapter may be the one that loads it."""
    adapters = sorted(found.name for found in iter_modules([str(Path(__file__).with_name("adapters"))]))
    modules = ["checkpoint", "loading", *(f"adapters.{name}" for name in adapters)]
    return [
        *(code_version(f"stages.target.{module}") for module in modules),
        *library_versions("torch", "transformers", "tokenizers", "numpy"),
    ]


def _checked(name: str, place: Place, params: Params) -> TargetRecord:
    from stages.target.checkpoint import describe
    from stages.target.loading import load_checkpoint

    print(f"target@{name}: new or changed weights; hashing and checking them", flush=True)
    dtype = params.targets[name].dtype
    adapter = load_checkpoint(place.source, place.revision, dtype, params.target.attention)
    return describe(adapter, name, place.folder, place.source, place.revision, params)


def _written(name: str) -> Any:
    path = artifact("target", name, "target.json")
    return read_json(path) if path.exists() else None


if __name__ == "__main__":
    run_stage("target", work, "target")
