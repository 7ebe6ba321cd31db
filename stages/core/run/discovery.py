"""Find all stages, and the parts that each of them owns, by the names of folders and files.

These imports by name are not part of any stage's import closure: a change in one stage's part reruns no other stage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stages.core.config.nouns import Params

CheckParams = Callable[[Any, Path], None]
CheckInputs = Callable[[Any, Collection[str], Collection[str]], None]


def stage_names() -> list[str]:
    """Return the names of all stages, sorted: the folders of the package with a ``__main__.py``."""
    return sorted(file.parent.name for file in Path(__file__).parents[2].glob("*/__main__.py"))


def params_model(stage: str) -> type[Params]:
    """Return what a stage reads of `params.yaml`: the class ``<Stage>Params`` of its ``params.py``."""
    module = import_module(f"stages.{stage}.params")
    model: type[Params] = getattr(module, f"{stage.title().replace('_', '')}Params")
    return model


def params_check(stage: str) -> CheckParams | None:
    """Return ``check_params(params, path)`` of a stage's ``check.py``, which reads nothing but params; or None."""
    return _of_check(stage, "check_params")


def inputs_check(stage: str) -> CheckInputs | None:
    """Return ``check_inputs(params, corpora, targets)`` of a stage's ``check.py``, which looks at files; or None."""
    return _of_check(stage, "check_inputs")


def _of_check(stage: str, function: str) -> Callable[..., None] | None:
    name = f"stages.{stage.partition('.')[0]}.check"
    return getattr(import_module(name), function, None) if find_spec(name) else None
