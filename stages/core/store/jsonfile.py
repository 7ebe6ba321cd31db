"""JSON artifacts, and the paths of artifacts. Imports nothing heavy, because some stages always run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stages.core.errors import EarwitnessError
from stages.core.store.atomic import replacing


def artifact(stage: str, name: str, file: str = "") -> Path:
    """Return ``data/<stage>/<name>/<file>``."""
    return Path("data", stage, name, file)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys and a final newline; a value that is not a number becomes null."""
    write_text(path, json.dumps(_finite(content), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text artifact, such as CSV, as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON; a missing or broken file is an `EarwitnessError` that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EarwitnessError(f"{path}: missing: run 'dvc repro' (or 'dvc pull')") from error
    except json.JSONDecodeError as error:
        raise EarwitnessError(f"{path}, line {error.lineno}: not JSON: delete it and run 'dvc repro'") from error
    except OSError as error:
        raise EarwitnessError(f"{path}: cannot be read ({error.strerror}): correct its permissions") from error


def _finite(content: Any) -> Any:
    """Turn numpy scalars and arrays into Python values, and values that are not finite into None."""
    if hasattr(content, "tolist"):
        content = content.tolist()
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float):
        return content if abs(content) < float("inf") else None
    return content
