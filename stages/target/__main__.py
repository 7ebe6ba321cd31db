"""``python -m stages.target --target NAME``: from a model's files to ``data/target/NAME/target.json``.

The stage always runs, so it first compares the size and time of the files. It imports torch, hashes the weights and
checks that audio reaches the model only if the files changed, or a setting, code or library that the record depends on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stages.core.errors import EarwitnessError
from stages.core.run.stage import require_declared, run_stage
from stages.core.store.codeversion import library_versions, stage_code
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.models.hashing import quick_look
from stages.models.places import Place, find
from stages.models.record import TargetRecord, write_record
from stages.target.params import TargetParams


def work(name: str, params: TargetParams) -> None:
    """Pin and check one target."""
    require_declared(dict(params.targets), "targets", name)
    place = find(name, params.targets[name])
    state = {
        "look": quick_look(place.files()),
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
    print(f"target@{name}: {record.words()}", flush=True)
    if _written(name) != record.model_dump():
        write_record(record)


def _code() -> list[object]:
    """Return the versions of all code and libraries that check a target; the code includes every family's."""
    return [stage_code("target"), library_versions("torch", "transformers", "tokenizers", "numpy")]


def _checked(name: str, place: Place, params: TargetParams) -> TargetRecord:
    from stages.models.checkpoint import describe
    from stages.models.loading import load_checkpoint, reason_of
    from stages.models.options import stated_options

    print(f"target@{name}: new or changed weights; hashing and checking them", flush=True)
    options = stated_options(params.targets[name], place.revision, params.target.attention)
    adapter = load_checkpoint(place.source, options)
    try:
        return describe(adapter, name, place, options, params)
    except EarwitnessError:
        raise
    except Exception as error:
        if not place.files():  # a served model: what it answers is named where it is read
            raise
        raise EarwitnessError(
            f"{place.source}: is loaded but cannot be run ({reason_of(error)}): correct what its configs say of sound "
            "and sizes"
        ) from error


def _written(name: str) -> Any:
    path = artifact("target", name, "target.json")
    return read_json(path) if path.exists() else None


if __name__ == "__main__":
    run_stage("target", work, TargetParams, "target")
