"""`params.yaml`, checked: the only place where anything is configured.

A section for each noun (`corpora`, `targets`, `copies`, `audits`) and one for each stage. Every key is declared with
its type and range by the stage that owns it; an unknown, missing or ill-typed key is an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from stages.core.config.consistency import check_nouns
from stages.core.config.nouns import Params
from stages.core.config.section import first_problem
from stages.core.config.yamlfile import read_yaml
from stages.core.errors import EarwitnessError

PARAMS = Path("params.yaml")

StageParams = TypeVar("StageParams", bound=Params)


def load_params(model: type[StageParams], path: Path = PARAMS) -> StageParams:
    """Read `params.yaml` and check the nouns and the sections that `model` declares.

    Parameters
    ----------
    model : type of Params
        `Params` itself for the nouns alone, or a stage's own.
    path : Path

    Raises
    ------
    EarwitnessError
        Naming the file and the line or the key.
    """
    params = _validated(model, read_yaml(path), path)
    check_nouns(params, path)
    return params


def load_sections(models: Mapping[str, type[Params]], path: Path = PARAMS) -> dict[str, Params]:
    """Read `params.yaml` for many stages, and check that it has no section that none of them declares.

    Parameters
    ----------
    models : mapping of str to type of Params
        By stage.
    path : Path

    Returns
    -------
    dict of str to Params
        By stage, what it reads.

    Raises
    ------
    EarwitnessError
        Naming the file and the line or the key.
    """
    content = read_yaml(path)
    check_nouns(_validated(Params, content, path), path)
    sections = {stage: _validated(model, content, path) for stage, model in models.items()}
    known = {field for model in models.values() for field in model.model_fields}
    if unknown := [section for section in content if section not in known]:
        raise EarwitnessError(f"{path}: {unknown[0]}: unknown section: use some of {', '.join(sorted(known))}")
    return sections


def _validated(model: type[StageParams], content: Any, path: Path) -> StageParams:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        key, problem = first_problem(error)
        raise EarwitnessError(f"{path}: {key or 'the file'}: {problem}: correct this key") from error
