"""Rows of JSONL files (one object a line) and of JSON files (an array of objects, or an object that holds one)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.store.csvfile import lines_of

_HEAD_CHARACTERS = 2**16

Numbered = Iterator[tuple[int, dict[str, object]]]


def json_lines(file: Path) -> Numbered:
    """Yield the objects of a file with one JSON object a line; blank lines are passed over."""
    for number, line in enumerate(lines_of(file), start=1):
        if line.strip():
            place = f"{file}, row {number}"
            yield number, _object(_parsed(line, place, "write one object per line"), place)


def json_rows(file: Path) -> Numbered:
    """Yield the objects of a JSON file.

    It holds an array of objects, an object in which one list or table of objects stands, columns of equal length, or,
    as NeMo's manifests do, one object a line.
    """
    whole = list(lines_of(file))
    lines = [line for line in whole if line.strip()]
    if len(lines) > 1 and lines[0].lstrip().startswith("{") and lines[0].rstrip().endswith("}"):
        return json_lines(file)
    content = _parsed("".join(whole), str(file), "write an array of objects")
    return ((number, _object(row, f"{file}, row {number}")) for number, row in enumerate(_rows(content, file), start=1))


def _rows(content: object, file: Path) -> list[object]:
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        raise EarwitnessError(f"{file}: neither an array nor an object: write an array of objects")
    lists = {key: value for key, value in content.items() if isinstance(value, list)}
    tables = [value for value in lists.values() if value and all(isinstance(row, dict) for row in value)]
    if len(tables) == 1:
        return list(tables[0])
    if len(tables) > 1:
        raise EarwitnessError(f"{file}: holds {len(tables)} lists of objects: keep one, or write an array of objects")
    if lists and len(lists) == len(content) and len({len(value) for value in lists.values()}) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    objects = {key: value for key, value in content.items() if isinstance(value, dict)}
    if objects and len(objects) == len(content):
        return _of_objects(objects)
    return [content]


def _of_objects(objects: dict[str, dict[str, object]]) -> list[object]:
    """Return the rows of an object of objects: columns whose keys are the rows' numbers, or rows by their id."""
    keys = [tuple(value) for value in objects.values()]
    if all(key.isdigit() for key in keys[0]) and len(set(keys)) == 1:
        return [{column: cells[key] for column, cells in objects.items()} for key in keys[0]]
    return [{"clip_id": key, **row} for key, row in objects.items()]


def json_head(file: Path) -> dict[str, object]:
    """Return the first object of a JSON or JSONL file's beginning that holds no list of objects."""
    beginning = ""
    for line in lines_of(file):
        beginning += line
        if len(beginning) > _HEAD_CHARACTERS:
            break
    if file.suffix.lower() == ".json" and len(beginning) <= _HEAD_CHARACTERS:
        return next(json_rows(file), (0, {}))[1]
    content = json.JSONDecoder().raw_decode(beginning, _first_row(beginning))[0]
    return content if isinstance(content, dict) else {}


def _first_row(beginning: str) -> int:
    """Return where the first row starts: at the first brace, or, within an object of a list, at the brace after [."""
    first, bracket = beginning.index("{"), beginning.find("[")
    nested = beginning.find("{", bracket) if bracket >= 0 else -1
    is_container = nested >= 0 and beginning[first:bracket].count('"') == 2  # only the list's own name precedes it
    return nested if is_container else first


def _parsed(text: str, place: str, remedy: str) -> object:
    try:
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # also for an integer of thousands of digits and for endless nesting
        why = str(error).splitlines()[0]
        if isinstance(error, json.JSONDecodeError):
            why = error.msg if error.lineno == 1 else f"{error.msg} in line {error.lineno}"
        raise EarwitnessError(f"{place}: not JSON ({why}): {remedy}") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object of a list of keys and values, in which each key stands once."""
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in an object")
    return content


def _object(content: object, place: str) -> dict[str, object]:
    if not isinstance(content, dict):
        raise EarwitnessError(f"{place}: not a JSON object: write one object per row")
    try:
        "".join([*content, *(value for value in content.values() if isinstance(value, str))]).encode()
    except UnicodeEncodeError as error:
        raise EarwitnessError(f"{place}: has an unpaired surrogate (\\ud800 to \\udfff): correct the escape") from error
    return content
